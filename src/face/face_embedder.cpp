#include "face/face_embedder.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "face/dense_net.h"
#include "face/identity_room.h"

namespace reelswap {
namespace fs = std::filesystem;

namespace {

constexpr const char* kIdentityFile = "face_recognition_densenet_model_v1.dat";

void RequireUsable(const FaceEmbedder::Face& face) {
  if (face.bgr.empty() || face.bgr.type() != CV_8UC3) {
    throw std::invalid_argument("a face to embed must be CV_8UC3 and not empty");
  }
  // Beyond this the px of a landmark would not fit the numbers that cut the picture.
  constexpr float kFar = 1e6f;
  const bool near = std::all_of(face.landmarks.begin(), face.landmarks.end(), [](const cv::Point2f& p) {
    return std::abs(p.x) < kFar && std::abs(p.y) < kFar;  // false for what is no number, too
  });
  if (!near) throw std::invalid_argument("a face to embed must have landmarks near its picture");
  const auto [left, right] = std::minmax_element(face.landmarks.begin(), face.landmarks.end(),
                                                 [](const auto& a, const auto& b) { return a.x < b.x; });
  if (right->x - left->x < 2) throw std::invalid_argument("the landmarks of a face to embed lie on one point");
}

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

fs::path HomeFolder() {
  if (const std::string home = FromEnvironment("HOME"); !home.empty()) return home;
  const passwd* user = ::getpwuid(::getuid());  // a service without an environment
  return user && user->pw_dir ? user->pw_dir : ".";
}

}  // namespace

struct FaceEmbedder::Impl {
  DenseNetWeights weights;
  std::vector<DenseNetRun> runs;  // one a thread, made when first needed

  explicit Impl(const fs::path& file) : weights(LoadIdentityNetwork(file)) {}
};

FaceEmbedder::FaceEmbedder(const fs::path& weights) : impl_(std::make_unique<Impl>(weights)) {}
FaceEmbedder::~FaceEmbedder() = default;
FaceEmbedder::FaceEmbedder(FaceEmbedder&&) noexcept = default;
FaceEmbedder& FaceEmbedder::operator=(FaceEmbedder&&) noexcept = default;

std::vector<FaceEmbedding> FaceEmbedder::Embed(std::span<const Face> faces) {
  for (const Face& face : faces) RequireUsable(face);
  std::vector<FaceEmbedding> embeddings(faces.size());
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  const size_t workers = std::min(faces.size(), cores);
  while (impl_->runs.size() < workers) impl_->runs.emplace_back(impl_->weights);

  std::atomic<size_t> next = 0;
  std::exception_ptr failure;
  std::mutex failure_mutex;
  const auto work = [&](DenseNetRun& run) {
    try {
      for (size_t i; (i = next++) < faces.size();) {
        embeddings[i] = run(CutIdentityChip(faces[i].bgr, faces[i].landmarks).data());
      }
    } catch (...) {
      const std::lock_guard lock(failure_mutex);
      failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t t = 1; t < workers; ++t) threads.emplace_back(work, std::ref(impl_->runs[t]));
    if (workers > 0) work(impl_->runs[0]);
  }
  if (failure) std::rethrow_exception(failure);
  return embeddings;
}

double EmbeddingDistance(const FaceEmbedding& a, const FaceEmbedding& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return std::sqrt(sum);
}

IdentityGallery::IdentityGallery(std::vector<FaceEmbedding> faces) : faces_(std::move(faces)) {}

double IdentityGallery::Distance(const FaceEmbedding& face) const {
  if (faces_.empty()) throw std::invalid_argument("an empty gallery has no distance");
  std::vector<double> distances;
  distances.reserve(faces_.size());
  for (const FaceEmbedding& known : faces_) distances.push_back(EmbeddingDistance(face, known));
  std::sort(distances.begin(), distances.end());
  const size_t near = std::min(faces_.size(), std::max<size_t>(3, (faces_.size() + 9) / 10));
  return (distances[(near - 1) / 2] + distances[near / 2]) / 2;
}

fs::path WeightsFolder() {
  if (const std::string named = FromEnvironment("REELSWAP_WEIGHTS"); !named.empty()) return named;
  // The XDG rule: a relative path there is to be ignored.
  const fs::path data = FromEnvironment("XDG_DATA_HOME");
  return (data.is_absolute() ? data : HomeFolder() / ".local/share") / "reelswap/weights";
}

std::optional<fs::path> FindIdentityWeights() {
  if (const std::string named = FromEnvironment("REELSWAP_IDENTITY_WEIGHTS"); !named.empty()) return named;
  const fs::path path = WeightsFolder() / kIdentityFile;
  std::error_code ec;
  return fs::is_regular_file(path, ec) ? std::optional(path) : std::nullopt;
}

}  // namespace reelswap
