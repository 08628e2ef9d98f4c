#include "pipeline/convert_graph.h"

#include <tbb/flow_graph.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

namespace reelswap {
namespace {

namespace flow = tbb::flow;

/// item is null in the closing message, which carries the next number and flushes what is held back.
struct Message {
  int64_t number = 0;
  std::shared_ptr<ConvertItem> item;
};
using Batch = std::shared_ptr<std::vector<Message>>;

class ConvertGraph {
 public:
  ConvertGraph(const ConvertStages& stages, const ConvertLimits& limits, std::stop_token stop)
      : stages_(stages), limits_(limits), stop_(std::move(stop)), next_(limits.first),
        read_(graph_, [this](tbb::flow_control& control) { return Read(control); }),
        // The closing message takes a place too.
        limit_(graph_, static_cast<size_t>(LeastInFlight()) + 1),
        align_(graph_, flow::unlimited, [this](Message m) { return Step(std::move(m), stages_.align); }),
        order_to_batch_(graph_, [this](const Message& m) { return Place(m); }),
        batch_(graph_, flow::serial,
               [this](const Message& m, BatchNode::output_ports_type& out) { Collect(m, std::get<0>(out)); }),
        swap_(graph_, flow::unlimited, [this](Batch batch) { return Swap(std::move(batch)); }),
        unbatch_(graph_, flow::unlimited,
                 [](const Batch& batch, OneNode::output_ports_type& out) {
                   for (const Message& message : *batch) std::get<0>(out).try_put(message);
                 }),
        measure_(graph_, flow::unlimited, [this](Message m) { return Step(std::move(m), stages_.measure); }),
        order_to_steady_(graph_, [this](const Message& m) { return Place(m); }),
        steady_(graph_, flow::serial,
                [this](const Message& m, SteadyNode::output_ports_type& out) { Steady(m, std::get<0>(out)); }),
        compose_(graph_, flow::unlimited, [this](Message m) { return Compose(std::move(m)); }),
        order_to_write_(graph_, [this](const Message& m) { return Place(m); }),
        write_(graph_, flow::serial, [this](Message m) { return Write(std::move(m)); }) {
    flow::make_edge(read_, limit_);
    flow::make_edge(limit_, align_);
    flow::make_edge(align_, order_to_batch_);
    flow::make_edge(order_to_batch_, batch_);
    flow::make_edge(flow::output_port<0>(batch_), swap_);
    flow::make_edge(swap_, unbatch_);
    flow::make_edge(flow::output_port<0>(unbatch_), measure_);
    flow::make_edge(measure_, order_to_steady_);
    flow::make_edge(order_to_steady_, steady_);
    flow::make_edge(flow::output_port<0>(steady_), compose_);
    flow::make_edge(compose_, order_to_write_);
    flow::make_edge(order_to_write_, write_);
    flow::make_edge(write_, limit_.decrementer());
  }

  int64_t Run() {
    read_.activate();
    graph_.wait_for_all();
    if (first_error_) std::rethrow_exception(first_error_);
    return written_;
  }

 private:
  using BatchNode = flow::multifunction_node<Message, std::tuple<Batch>>;
  using OneNode = flow::multifunction_node<Batch, std::tuple<Message>>;
  using SteadyNode = flow::multifunction_node<Message, std::tuple<Message>>;

  /// What may wait for its batch, for its neighbours, and one more batch that is worked on meanwhile.
  int LeastInFlight() const { return std::max(limits_.frames_in_flight, 2 * limits_.batch + 2 * limits_.neighbours); }
  size_t Place(const Message& m) const { return static_cast<size_t>(m.number - limits_.first); }

  void Fail() {
    std::lock_guard lock(error_mutex_);
    if (!first_error_) first_error_ = std::current_exception();
    failed_ = true;
  }

  template <typename Work>
  void Guarded(const Work& work) {
    if (failed_) return;
    try {
      work();
    } catch (...) {
      Fail();
    }
  }

  Message Read(tbb::flow_control& control) {
    if (closed_) {
      control.stop();
      return {};
    }
    Message message{next_++, nullptr};
    if (!stop_.stop_requested()) {
      Guarded([&] {
        auto item = std::make_shared<ConvertItem>();
        item->number = message.number;
        if (stages_.read(*item)) message.item = std::move(item);
      });
    }
    closed_ = !message.item;
    if (closed_ && stop_.stop_requested()) stopped_ = true;
    return message;
  }

  /// A failed conversion only drains: every message still passes every node, so that places come
  /// back and the sequencers see no gap.
  Message Step(Message message, const std::function<void(ConvertItem&)>& work) {
    if (message.item && !message.item->faces.empty()) Guarded([&] { work(*message.item); });
    return message;
  }

  void Collect(const Message& message, std::tuple_element_t<0, BatchNode::output_ports_type>& out) {
    if (!pending_) pending_ = std::make_shared<std::vector<Message>>();
    pending_->push_back(message);
    if (message.item && (message.number + 1) % limits_.batch != 0) return;
    if (!message.item && stopped_) LeaveOut(*pending_);
    out.try_put(pending_);
    pending_.reset();
  }

  Batch Swap(Batch batch) {
    std::vector<ConvertItem*> with_face;
    for (const Message& message : *batch) {
      if (message.item && !message.item->faces.empty()) with_face.push_back(message.item.get());
    }
    if (!with_face.empty()) Guarded([&] { stages_.swap(with_face); });
    return batch;
  }

  /// A stop leaves these without what they were waiting for: written, they would differ from those of a conversion that
  /// was not stopped, which may go on after them.
  static void LeaveOut(const std::vector<Message>& messages) {
    for (const Message& message : messages) {
      if (message.item) message.item->warm_up = true;
    }
  }

  /// Holds frames back until those behind them are there. window_[middle_] is the next to go on.
  void Steady(const Message& message, std::tuple_element_t<0, SteadyNode::output_ports_type>& out) {
    const auto neighbours = static_cast<size_t>(limits_.neighbours);
    if (message.item) {
      window_.push_back(message.item);
      if (window_.size() - middle_ > neighbours) PassOn(out);
      return;
    }
    if (stopped_) {
      for (size_t i = middle_; i < window_.size(); ++i) window_[i]->warm_up = true;
    }
    while (middle_ < window_.size()) PassOn(out);
    window_.clear();
    out.try_put(message);
  }

  void PassOn(std::tuple_element_t<0, SteadyNode::output_ports_type>& out) {
    const std::shared_ptr<ConvertItem> item = window_[middle_];
    Guarded([&] { stages_.steady(window_, middle_); });
    ++middle_;
    if (middle_ > static_cast<size_t>(limits_.neighbours)) {
      window_.pop_front();
      --middle_;
    }
    out.try_put({item->number, item});
  }

  Message Compose(Message message) {
    if (message.item && !message.item->warm_up) Guarded([&] { stages_.compose(*message.item); });
    return message;
  }

  flow::continue_msg Write(const Message& message) {
    if (message.item && !message.item->warm_up) {
      Guarded([&] {
        stages_.write(*message.item);
        ++written_;
      });
    }
    return {};
  }

  const ConvertStages& stages_;
  const ConvertLimits limits_;
  std::stop_token stop_;
  int64_t next_;                                      // read node only
  bool closed_ = false;                               // read node only
  int64_t written_ = 0;                               // write node only
  Batch pending_;                                     // batch node only
  std::deque<std::shared_ptr<ConvertItem>> window_;   // steady node only
  size_t middle_ = 0;                                 // steady node only
  std::atomic<bool> failed_{false};
  std::atomic<bool> stopped_{false};                  // set before the closing message goes out
  std::mutex error_mutex_;
  std::exception_ptr first_error_;
  flow::graph graph_;
  flow::input_node<Message> read_;
  flow::limiter_node<Message, flow::continue_msg> limit_;
  flow::function_node<Message, Message> align_;
  flow::sequencer_node<Message> order_to_batch_;
  BatchNode batch_;
  flow::function_node<Batch, Batch> swap_;
  OneNode unbatch_;
  flow::function_node<Message, Message> measure_;
  flow::sequencer_node<Message> order_to_steady_;
  SteadyNode steady_;
  flow::function_node<Message, Message> compose_;
  flow::sequencer_node<Message> order_to_write_;
  flow::function_node<Message, flow::continue_msg> write_;
};

}  // namespace

int64_t RunConvertGraph(const ConvertStages& stages, const ConvertLimits& limits, std::stop_token stop) {
  const int workers = limits.workers > 0 ? limits.workers : static_cast<int>(std::thread::hardware_concurrency());
  tbb::task_arena arena(std::max(workers, 1));
  int64_t written = 0;
  arena.execute([&] {
    ConvertGraph graph(stages, limits, std::move(stop));
    written = graph.Run();
  });
  return written;
}

int FramesInFlight(int64_t frame_bytes, int batch, int neighbours, int64_t bytes) {
  // 64: more frames than that only lengthen the queue, never the throughput.
  const int least = 2 * batch + 2 * neighbours;
  const int64_t fitting = bytes / std::max<int64_t>(frame_bytes, 1);
  return static_cast<int>(std::clamp<int64_t>(fitting, least, std::max(64, least)));
}

}  // namespace reelswap
