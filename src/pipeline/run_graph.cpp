#include "pipeline/run_graph.h"

#include <tbb/flow_graph.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace reelswap {
namespace {

namespace flow = tbb::flow;
using flow::continue_msg;
using AsyncNode = flow::async_node<continue_msg, continue_msg>;

struct TaskNode {
  std::unique_ptr<flow::continue_node<continue_msg>> ready;  ///< fires when all predecessors are through
  std::unique_ptr<AsyncNode> work;                           ///< the work itself, off the TBB workers
  bool succeeded = false;  ///< written before the message that successors wait for
};

}  // namespace

void RunStageGraph(const std::vector<StageTask>& tasks) {
  flow::graph graph;
  std::mutex exclusive;
  std::vector<TaskNode> nodes(tasks.size());
  std::mutex threads_mutex;
  std::vector<std::jthread> threads;

  const auto run = [&](size_t i) {
    const StageTask& task = tasks[i];
    for (size_t before : task.after) {
      if (nodes[before].succeeded) continue;
      task.skipped(tasks[before].name);
      return;
    }
    std::unique_lock<std::mutex> alone(exclusive, std::defer_lock);
    if (task.exclusive) alone.lock();
    nodes[i].succeeded = task.work();
  };

  for (size_t i = 0; i < tasks.size(); ++i) {
    nodes[i].ready = std::make_unique<flow::continue_node<continue_msg>>(
        graph, [](const continue_msg& message) { return message; });
    nodes[i].work = std::make_unique<AsyncNode>(
        graph, flow::unlimited, [&, i](const continue_msg& message, AsyncNode::gateway_type& gateway) {
          gateway.reserve_wait();
          std::lock_guard lock(threads_mutex);
          threads.emplace_back([&run, i, &gateway, message] {
            run(i);
            gateway.try_put(message);
            gateway.release_wait();
          });
        });
    flow::make_edge(*nodes[i].ready, *nodes[i].work);
    for (size_t before : tasks[i].after) {
      if (before >= i) throw std::invalid_argument("a task may only wait for earlier ones");
      flow::make_edge(flow::output_port<0>(*nodes[before].work), *nodes[i].ready);
    }
  }
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].after.empty()) nodes[i].ready->try_put(continue_msg());
  }
  graph.wait_for_all();
  threads.clear();  // joined before the nodes go
}

}  // namespace reelswap
