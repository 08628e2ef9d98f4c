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

/// item is null in the closing message, which carries the next number and flushes the last batch.
struct Message {
  int64_t number = 0;
  std::shared_ptr<ConvertItem> item;
};
using Batch = std::shared_ptr<std::vector<Message>>;

class ConvertGraph {
 public:
  ConvertGraph(const ConvertStages& stages, const ConvertLimits& limits, std::stop_token stop)
      : stages_(stages), limits_(limits), stop_(std::move(stop)),
        read_(graph_, [this](tbb::flow_control& control) { return Read(control); }),
        // The closing message takes a place too.
        limit_(graph_, static_cast<size_t>(std::max(limits.frames_in_flight, 2 * limits.batch)) + 1),
        order_to_track_(graph_, [](const Message& m) { return static_cast<size_t>(m.number); }),
        track_(graph_, flow::serial, [this](Message m) { return Step(std::move(m), stages_.track); }),
        align_(graph_, flow::unlimited, [this](Message m) { return Step(std::move(m), stages_.align); }),
        order_to_batch_(graph_, [](const Message& m) { return static_cast<size_t>(m.number); }),
        batch_(graph_, flow::serial,
               [this](const Message& m, BatchNode::output_ports_type& out) { Collect(m, std::get<0>(out)); }),
        swap_(graph_, flow::unlimited, [this](Batch batch) { return Swap(std::move(batch)); }),
        unbatch_(graph_, flow::unlimited,
                 [](const Batch& batch, UnbatchNode::output_ports_type& out) {
                   for (const Message& message : *batch) std::get<0>(out).try_put(message);
                 }),
        compose_(graph_, flow::unlimited, [this](Message m) { return Step(std::move(m), stages_.compose); }),
        order_to_write_(graph_, [](const Message& m) { return static_cast<size_t>(m.number); }),
        write_(graph_, flow::serial, [this](Message m) { return Write(std::move(m)); }) {
    flow::make_edge(read_, limit_);
    flow::make_edge(limit_, order_to_track_);
    flow::make_edge(order_to_track_, track_);
    flow::make_edge(track_, align_);
    flow::make_edge(align_, order_to_batch_);
    flow::make_edge(order_to_batch_, batch_);
    flow::make_edge(flow::output_port<0>(batch_), swap_);
    flow::make_edge(swap_, unbatch_);
    flow::make_edge(flow::output_port<0>(unbatch_), compose_);
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
  using UnbatchNode = flow::multifunction_node<Batch, std::tuple<Message>>;

  void Fail() {
    std::lock_guard lock(error_mutex_);
    if (!first_error_) first_error_ = std::current_exception();
    failed_ = true;
  }

  Message Read(tbb::flow_control& control) {
    if (closed_) {
      control.stop();
      return {};
    }
    Message message{next_++, nullptr};
    if (!failed_ && !stop_.stop_requested()) {
      try {
        if (std::optional<Frame> frame = stages_.read()) {
          message.item = std::make_shared<ConvertItem>();
          message.item->number = message.number;
          message.item->frame = std::move(*frame);
        }
      } catch (...) {
        Fail();
      }
    }
    closed_ = !message.item;
    return message;
  }

  /// A failed conversion only drains: every message still passes every node, so that places come
  /// back and the sequencers see no gap.
  Message Step(Message message, const std::function<void(ConvertItem&)>& work) {
    if (!message.item || failed_) return message;
    try {
      work(*message.item);
    } catch (...) {
      Fail();
    }
    return message;
  }

  void Collect(const Message& message, std::tuple_element_t<0, BatchNode::output_ports_type>& out) {
    if (!pending_) pending_ = std::make_shared<std::vector<Message>>();
    pending_->push_back(message);
    if (message.item && static_cast<int>(pending_->size()) < limits_.batch) return;
    out.try_put(pending_);
    pending_.reset();
  }

  Batch Swap(Batch batch) {
    if (failed_) return batch;
    std::vector<ConvertItem*> with_face;
    for (const Message& message : *batch) {
      if (message.item && message.item->face) with_face.push_back(message.item.get());
    }
    if (with_face.empty()) return batch;
    try {
      stages_.swap(with_face);
    } catch (...) {
      Fail();
    }
    return batch;
  }

  flow::continue_msg Write(Message message) {
    if (message.item && !failed_) {
      try {
        stages_.write(*message.item);
        ++written_;
      } catch (...) {
        Fail();
      }
    }
    return {};
  }

  const ConvertStages& stages_;
  const ConvertLimits limits_;
  std::stop_token stop_;
  int64_t next_ = 0;     // read node only
  bool closed_ = false;  // read node only
  int64_t written_ = 0;  // write node only
  Batch pending_;        // batch node only
  std::atomic<bool> failed_{false};
  std::mutex error_mutex_;
  std::exception_ptr first_error_;
  flow::graph graph_;
  flow::input_node<Message> read_;
  flow::limiter_node<Message, flow::continue_msg> limit_;
  flow::sequencer_node<Message> order_to_track_;
  flow::function_node<Message, Message> track_;
  flow::function_node<Message, Message> align_;
  flow::sequencer_node<Message> order_to_batch_;
  BatchNode batch_;
  flow::function_node<Batch, Batch> swap_;
  UnbatchNode unbatch_;
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

int FramesInFlight(int64_t frame_bytes, int batch, int64_t bytes) {
  // 64: more frames than that only lengthen the queue, never the throughput.
  const int64_t fitting = bytes / std::max<int64_t>(frame_bytes, 1);
  return static_cast<int>(std::clamp<int64_t>(fitting, 2 * batch, std::max(64, 2 * batch)));
}

}  // namespace reelswap
