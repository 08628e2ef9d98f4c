#include "pipeline/preprocess_graph.h"

#include <tbb/flow_graph.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <thread>

#include "pipeline/blocking_pool.h"
#include "pipeline/byte_budget.h"

namespace reelswap {
namespace {

namespace flow = tbb::flow;

/// Everything that leaves [sample]: a picture, or the closing word of a source.
struct Message {
  size_t source = 0;
  std::shared_ptr<SampledPicture> picture;
  std::shared_ptr<PictureFaces> faces;
  bool closing = false;
  bool sampled = false;
  int64_t pictures_emitted = 0;  // with closing
  std::exception_ptr error;
};

/// What [save] knows of a source: it is finished when its closing word and all its pictures are in.
struct SourceState {
  int64_t saved = 0;
  int64_t expected = -1;
  bool sampled = false;
  std::exception_ptr error;
};

int64_t BytesOf(const SampledPicture& picture) {
  const int64_t photo = static_cast<int64_t>(picture.photo.total() * picture.photo.elemSize());
  return picture.frame.empty() ? photo : picture.frame.format().Bytes() + photo;
}

class PreprocessGraph {
 public:
  PreprocessGraph(size_t source_count, const PreprocessStages& stages, const PreprocessLimits& limits,
                  std::stop_token stop)
      : stages_(stages), stop_(std::move(stop)), budget_(limits.bytes_in_flight), states_(source_count),
        fetch_(graph_, flow::unlimited, [this](const size_t& source, FetchNode::gateway_type& gateway) {
          Fetch(source, gateway);
        }),
        sample_(graph_, flow::unlimited, [this](const Message& message, SampleNode::gateway_type& gateway) {
          Sample(message, gateway);
        }),
        detect_(graph_, flow::unlimited, [this](Message message) { return Detect(std::move(message)); }),
        filter_(graph_, flow::unlimited, [this](Message message) { return Filter(std::move(message)); }),
        save_(graph_, flow::serial, [this](const Message& message) { Save(message); }),
        downloads_(limits.download_threads), decoders_(limits.decode_threads) {
    flow::make_edge(flow::output_port<0>(fetch_), sample_);
    flow::make_edge(flow::output_port<0>(sample_), detect_);
    flow::make_edge(detect_, filter_);
    flow::make_edge(filter_, save_);
  }

  void Run() {
    for (size_t source = 0; source < states_.size(); ++source) fetch_.try_put(source);
    graph_.wait_for_all();
  }

 private:
  using FetchNode = flow::async_node<size_t, Message>;
  using SampleNode = flow::async_node<Message, Message>;

  void Fetch(size_t source, FetchNode::gateway_type& gateway) {
    gateway.reserve_wait();
    downloads_.Submit([this, source, &gateway] {
      Message message;
      message.source = source;
      try {
        message.sampled = stages_.fetch(source);
      } catch (...) {
        message.error = std::current_exception();
      }
      gateway.try_put(message);
      gateway.release_wait();
    });
  }

  void Sample(const Message& fetched, SampleNode::gateway_type& gateway) {
    gateway.reserve_wait();
    if (!fetched.sampled) {  // nothing to read: only the closing word goes on
      Close(fetched, 0, gateway);
      return;
    }
    decoders_.Submit([this, fetched = Message(fetched), &gateway]() mutable {
      int64_t emitted = 0;
      try {
        stages_.sample(fetched.source, [&](SampledPicture picture) {
          picture.source = fetched.source;
          picture.token = budget_.Take(BytesOf(picture), stop_);
          if (!picture.token) return false;
          ++emitted;
          Message message;
          message.source = fetched.source;
          message.picture = std::make_shared<SampledPicture>(std::move(picture));
          gateway.try_put(message);
          return true;
        });
      } catch (...) {
        fetched.error = std::current_exception();
      }
      Close(fetched, emitted, gateway);
    });
  }

  static void Close(const Message& fetched, int64_t emitted, SampleNode::gateway_type& gateway) {
    Message closing = fetched;
    closing.closing = true;
    closing.pictures_emitted = emitted;
    gateway.try_put(closing);
    gateway.release_wait();
  }

  Message Detect(Message message) {
    if (message.closing) return message;
    try {
      message.faces = std::make_shared<PictureFaces>(stages_.detect(*message.picture));
    } catch (...) {
      message.faces = std::make_shared<PictureFaces>();
      message.faces->error = std::current_exception();
    }
    message.faces->source = message.source;
    message.picture.reset();  // gives its bytes back
    return message;
  }

  Message Filter(Message message) {
    if (message.closing || message.faces->error) return message;
    try {
      stages_.filter(*message.faces);
    } catch (...) {
      message.faces->error = std::current_exception();
    }
    return message;
  }

  void Save(const Message& message) {
    SourceState& state = states_[message.source];
    if (message.closing) {
      state.expected = message.pictures_emitted;
      state.sampled = message.sampled;
      if (!state.error) state.error = message.error;
    } else {
      ++state.saved;
      if (message.faces->error) {
        if (!state.error) state.error = message.faces->error;
      } else {
        try {
          stages_.save(*message.faces);
        } catch (...) {
          if (!state.error) state.error = std::current_exception();
        }
      }
    }
    if (state.saved == state.expected) stages_.finish(message.source, state.sampled, state.error);
  }

  const PreprocessStages& stages_;
  std::stop_token stop_;
  ByteBudget budget_;
  std::vector<SourceState> states_;  // touched by the serial save node only
  flow::graph graph_;
  FetchNode fetch_;
  SampleNode sample_;
  flow::function_node<Message, Message> detect_;
  flow::function_node<Message, Message> filter_;
  flow::function_node<Message, flow::continue_msg> save_;
  // Last, so that their threads have left the gateways before the graph goes.
  BlockingPool downloads_;
  BlockingPool decoders_;
};

}  // namespace

void RunPreprocessGraph(size_t source_count, const PreprocessStages& stages, const PreprocessLimits& limits,
                        std::stop_token stop) {
  const int workers = limits.workers > 0 ? limits.workers : static_cast<int>(std::thread::hardware_concurrency());
  // The arena holds one slot for this thread, which only waits: it lends itself to the graph.
  tbb::task_arena arena(std::max(workers, 1));
  arena.execute([&] {
    PreprocessGraph graph(source_count, stages, limits, std::move(stop));
    graph.Run();
  });
}

}  // namespace reelswap
