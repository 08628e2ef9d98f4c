#include "model/face_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <opencv2/imgproc.hpp>
#include <thread>

#include "core/error.h"
#include "core/photo.h"

namespace reelswap {
namespace {

/// A stored picture is shrunk once to a little more than the network's own resolution: sampling it is
/// then free of aliasing, and it takes less memory. 1.25 keeps what bilinear sampling would blur.
constexpr double kOversampling = 1.25;

int ResizedSide(const CropGeometry& stored, const CropGeometry& wanted) {
  const double stored_density = stored.size / static_cast<double>(stored.coverage);
  const double wanted_density = wanted.size / static_cast<double>(wanted.coverage);
  const double factor = std::min(1.0, kOversampling * wanted_density / stored_density);
  return std::max(1, static_cast<int>(std::lround(stored.size * factor)));
}

cv::Mat ReadStored(const std::filesystem::path& path, const CropGeometry& stored) {
  cv::Mat image = ReadPhoto(path);
  if (image.rows != stored.size || image.cols != stored.size) {
    throw Error(
        ErrorKind::kFaces,
        fmt::format(
            "{} is {} x {} px, the face set's crops are {} px (remove it, or collect the faces again)",
            path.string(), image.cols, image.rows, stored.size));
  }
  return image;
}

cv::Mat Shrink(const cv::Mat& image, int side) {
  if (image.cols == side) return image;
  cv::Mat small;
  cv::resize(image, small, {side, side}, 0, 0, cv::INTER_AREA);
  return small;
}

/// One face at the two resolutions that the network needs (they share pixels where equal).
struct Picture {
  cv::Mat for_input;
  cv::Mat for_output;
  cv::Mat mask;  ///< of for_output's size, or empty
  int64_t Bytes() const {
    const int64_t bytes = static_cast<int64_t>(for_input.total() * for_input.elemSize());
    return bytes + static_cast<int64_t>(mask.total()) +
           (for_input.data == for_output.data
                ? 0
                : static_cast<int64_t>(for_output.total() * for_output.elemSize()));
  }
};

/// Decoded pictures by person and number, up to a budget. Thread-safe.
class PictureCache {
 public:
  PictureCache(const std::vector<TrainingFaces>& people, const FaceLoaderSettings& settings)
      : people_(people),
        settings_(settings),
        input_side_(ResizedSide(settings.stored, settings.input)),
        output_side_(ResizedSide(settings.stored, settings.output)) {
    for (const TrainingFaces& person : people_) kept_.emplace_back(person.images.size());
  }

  std::shared_ptr<const Picture> Get(size_t person, size_t number) {
    {
      const std::lock_guard lock(mutex_);
      if (kept_[person][number]) return kept_[person][number];
    }
    const cv::Mat image = ReadStored(people_[person].images[number], settings_.stored);
    auto picture = std::make_shared<Picture>();
    picture->for_output = Shrink(image, output_side_);
    picture->for_input = input_side_ == output_side_ ? picture->for_output : Shrink(image, input_side_);
    if (settings_.masks) {
      picture->mask = Shrink(FaceMask(people_[person].landmarks[number], settings_.stored.size), output_side_);
    }
    const std::lock_guard lock(mutex_);
    if (!kept_[person][number] && used_bytes_ + picture->Bytes() <= settings_.cache_bytes) {
      used_bytes_ += picture->Bytes();
      kept_[person][number] = picture;
    }
    return picture;
  }

  /// Whether the budget is enough for every picture once it was read.
  bool HoldsAll() const {
    const auto area = [](int side) { return int64_t{side} * side; };
    const int64_t each = 3 * area(input_side_) + (input_side_ == output_side_ ? 0 : 3 * area(output_side_)) +
                         (settings_.masks ? area(output_side_) : 0);
    int64_t count = 0;
    for (const TrainingFaces& person : people_) count += static_cast<int64_t>(person.images.size());
    return count * each <= settings_.cache_bytes;
  }
  int input_side() const { return input_side_; }
  int output_side() const { return output_side_; }

 private:
  const std::vector<TrainingFaces>& people_;
  const FaceLoaderSettings& settings_;
  const int input_side_, output_side_;
  std::mutex mutex_;
  std::vector<std::vector<std::shared_ptr<const Picture>>> kept_;
  int64_t used_bytes_ = 0;
};

/// The order of one person's pictures in every pass over them. Thread-safe.
class PassOrder {
 public:
  /// repetitions: how often each picture comes in a pass.
  PassOrder(uint64_t seed, uint64_t person, const std::vector<int>& repetitions) : seed_(seed), person_(person) {
    for (size_t i = 0; i < repetitions.size(); ++i) {
      pictures_.insert(pictures_.end(), static_cast<size_t>(repetitions[i]), static_cast<uint32_t>(i));
    }
  }

  size_t PictureOf(uint64_t sample) {
    const uint64_t pass = sample / pictures_.size();
    const std::lock_guard lock(mutex_);
    auto found = orders_.find(pass);
    if (found == orders_.end()) {
      if (orders_.size() >= 4) orders_.erase(orders_.begin());  // workers are at most one pass apart
      found = orders_.emplace(pass, Shuffled(pass)).first;
    }
    return found->second[sample % pictures_.size()];
  }

 private:
  std::vector<uint32_t> Shuffled(uint64_t pass) const {
    std::vector<uint32_t> order = pictures_;
    SampleRandom random(MixKey(seed_, person_, pass, 0x0de7), 0, 0, 0);
    for (size_t i = order.size() - 1; i > 0; --i) std::swap(order[i], order[random.Next() % (i + 1)]);
    return order;
  }
  const uint64_t seed_, person_;
  std::vector<uint32_t> pictures_;  ///< those of one pass, in the files' order
  std::mutex mutex_;
  std::map<uint64_t, std::vector<uint32_t>> orders_;
};

/// Masks come for all people or for none: a batch has one shape.
FaceLoaderSettings WithMasksWherePossible(FaceLoaderSettings settings, const std::vector<TrainingFaces>& people) {
  for (const TrainingFaces& person : people) {
    if (person.landmarks.size() != person.images.size()) settings.masks = false;
  }
  return settings;
}

/// Decoding a stored crop costs about ten times what warping it does: one thread alone would hold up a small
/// network's step where pictures do not stay in memory.
constexpr int kDecodingWorkers = 2;

constexpr double kPoseCell = 12;        // degrees
constexpr double kMouthCell = 0.1;      // of the distance of the outer eye corners
constexpr int kMostRepetitions = 4;     // beyond it a picture would be learnt by heart

/// Gap between the inner lips, in distances of the outer eye corners.
double MouthOpening(const Landmarks& l) {
  return cv::norm(l[66] - l[62]) / std::max(1e-3, cv::norm(l[45] - l[36]));
}

}  // namespace

std::vector<int> Repetitions(const TrainingFaces& person) {
  const size_t count = person.images.size();
  std::vector<int> repetitions(count, 1);
  if (person.poses.size() != count || count == 0) return repetitions;
  const bool mouths = person.landmarks.size() == count;
  std::map<std::array<int, 3>, std::vector<size_t>> cells;
  for (size_t i = 0; i < count; ++i) {
    const HeadPose& pose = person.poses[i];
    const int mouth = mouths ? static_cast<int>(MouthOpening(person.landmarks[i]) / kMouthCell) : 0;
    cells[{static_cast<int>(std::lround(std::abs(pose.yaw) / kPoseCell)),
           static_cast<int>(std::lround(pose.pitch / kPoseCell)), std::min(mouth, 5)}]
        .push_back(i);
  }
  size_t largest = 0;
  for (const auto& [cell, members] : cells) largest = std::max(largest, members.size());
  for (const auto& [cell, members] : cells) {
    const double wanted = std::sqrt(static_cast<double>(largest) / static_cast<double>(members.size()));
    for (const size_t i : members) {
      repetitions[i] = std::clamp(static_cast<int>(std::lround(wanted)), 1, kMostRepetitions);
    }
  }
  return repetitions;
}

cv::Mat FaceMask(const Landmarks& landmarks, int side) {
  constexpr float kBrowRaise = 0.7f;
  const auto mean = [&](int first, int last) {
    cv::Point2f sum;
    for (int i = first; i <= last; ++i) sum += landmarks[i];
    return sum / static_cast<float>(last - first + 1);
  };
  std::vector<cv::Point2f> points(landmarks.begin(), landmarks.end());
  const auto raise = [&](int brow_first, int brow_last, int eye_first, int eye_last) {
    const cv::Point2f up = (mean(brow_first, brow_last) - mean(eye_first, eye_last)) * kBrowRaise;
    for (int i = brow_first; i <= brow_last; ++i) points.push_back(landmarks[i] + up);
  };
  raise(17, 21, 36, 41);
  raise(22, 26, 42, 47);
  std::vector<cv::Point2f> hull;
  cv::convexHull(points, hull);
  std::vector<cv::Point> corners;
  constexpr int kShift = 4;  // sixteenths of a px
  for (const cv::Point2f& p : hull) {
    corners.emplace_back(cvRound(p.x * (1 << kShift)), cvRound(p.y * (1 << kShift)));
  }
  cv::Mat mask = cv::Mat::zeros(side, side, CV_8UC1);
  cv::fillConvexPoly(mask, corners, cv::Scalar(255), cv::LINE_AA, kShift);
  return mask;
}

FaceLoaderSettings LoaderSettingsFor(const Architecture& architecture, const CropGeometry& stored, int batch,
                                     uint64_t seed, int workers, int64_t cache_bytes) {
  const TrainingRecipe& recipe = architecture.recipe;
  FaceLoaderSettings settings;
  settings.stored = stored;
  settings.input = architecture.input;
  settings.output = architecture.output;
  settings.batch = batch;
  settings.seed = seed;
  settings.workers = workers;
  settings.cache_bytes = cache_bytes;
  settings.warp.jitter = recipe.warp_jitter;
  settings.warp.rotation_degrees = recipe.rotation_degrees;
  settings.warp.zoom = recipe.zoom;
  settings.warp.shift = recipe.shift;
  settings.warp_fade_from = recipe.warp_fade_from;
  settings.color_jitter = recipe.color_jitter;
  settings.masks = architecture.mask || recipe.masked_loss;
  settings.balanced = recipe.balanced;
  return settings;
}

struct FaceLoader::Impl {
  Impl(std::vector<TrainingFaces> p, const FaceLoaderSettings& s, int64_t first_iteration)
      : people(std::move(p)),
        settings(WithMasksWherePossible(s, people)),
        cache(people, settings),
        next_to_make(first_iteration),
        next_to_give(first_iteration) {
    for (size_t i = 0; i < people.size(); ++i) {
      if (people[i].images.empty()) throw std::invalid_argument("FaceLoader: a person without pictures");
      const std::vector<int> repetitions =
          settings.balanced ? Repetitions(people[i]) : std::vector<int>(people[i].images.size(), 1);
      orders.push_back(std::make_unique<PassOrder>(settings.seed, i, repetitions));
    }
    const int workers = std::max(settings.workers, cache.HoldsAll() ? 1 : kDecodingWorkers);
    for (int i = 0; i < workers; ++i) {
      threads.emplace_back([this](std::stop_token stop) { Work(stop); });
    }
  }

  /// Of the random warp's jitter, 0 .. 1.
  double WarpStrength(int64_t iteration) const {
    if (settings.warp_fade_from >= 1) return 1;
    const double at = settings.total_iterations > 0
                          ? static_cast<double>(iteration) / static_cast<double>(settings.total_iterations)
                          : progress.load();
    return std::clamp((1 - at) / (1 - settings.warp_fade_from), 0.0, 1.0);
  }

  /// Batches ahead of the consumer: one being used up, one spare, one in the making per worker. A batch
  /// is a few MB, so the bound is about latency after a stall, not about memory.
  size_t Bound() const { return threads.size() + 2; }

  FaceBatch Make(int64_t iteration) {
    FaceBatch batch;
    batch.iteration = iteration;
    const size_t faces = people.size() * static_cast<size_t>(settings.batch);
    const size_t input_bytes = static_cast<size_t>(settings.input.size) * settings.input.size * 3;
    const size_t output_bytes = static_cast<size_t>(settings.output.size) * settings.output.size * 3;
    batch.input.resize(faces * input_bytes);
    batch.target.resize(faces * output_bytes);
    if (settings.masks) batch.mask.resize(faces * output_bytes / 3);
    WarpSettings warp = settings.warp;
    warp.jitter *= WarpStrength(iteration);
    const cv::Matx23d input_from_unit = ResizedFromUnit(settings.stored, cache.input_side());
    const cv::Matx23d output_from_unit = ResizedFromUnit(settings.stored, cache.output_side());
    size_t slot = 0;
    for (size_t person = 0; person < people.size(); ++person) {
      for (int k = 0; k < settings.batch; ++k, ++slot) {
        const uint64_t sample = static_cast<uint64_t>(iteration) * settings.batch + k;
        const auto picture = cache.Get(person, orders[person]->PictureOf(sample));
        SampleRandom random(settings.seed, person, iteration, k);
        const WarpDraw draw = DrawWarp(random, warp);
        cv::Mat warped = CutWarped(picture->for_input, input_from_unit, settings.input, draw);
        JitterColors(random, settings.color_jitter, warped);
        const cv::Mat target = CutTarget(picture->for_output, output_from_unit, settings.output, draw);
        std::memcpy(batch.input.data() + slot * input_bytes, warped.data, input_bytes);
        std::memcpy(batch.target.data() + slot * output_bytes, target.data, output_bytes);
        if (settings.masks) {
          const cv::Mat mask = CutTarget(picture->mask, output_from_unit, settings.output, draw);
          std::memcpy(batch.mask.data() + slot * output_bytes / 3, mask.data, output_bytes / 3);
        }
      }
    }
    return batch;
  }

  void Work(std::stop_token stop) {
    for (;;) {
      int64_t iteration = 0;
      {
        std::unique_lock lock(mutex);
        if (!changed.wait(
                lock, stop,
                [&] { return failure || next_to_make - next_to_give < static_cast<int64_t>(Bound()); }) ||
            failure || stop.stop_requested()) {
          return;
        }
        iteration = next_to_make++;
      }
      try {
        FaceBatch batch = Make(iteration);
        const std::lock_guard lock(mutex);
        ready.emplace(iteration, std::move(batch));
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
      changed.notify_all();
    }
  }

  const std::vector<TrainingFaces> people;
  const FaceLoaderSettings settings;
  PictureCache cache;
  std::vector<std::unique_ptr<PassOrder>> orders;
  std::mutex mutex;
  std::condition_variable_any changed;
  std::map<int64_t, FaceBatch> ready;
  std::exception_ptr failure;
  std::atomic<double> progress = 0;
  int64_t next_to_make;
  int64_t next_to_give;
  std::vector<std::jthread> threads;  // last: joined before what they use goes
};

FaceLoader::FaceLoader(std::vector<TrainingFaces> people, const FaceLoaderSettings& settings,
                       int64_t first_iteration)
    : impl_(std::make_unique<Impl>(std::move(people), settings, first_iteration)) {}
FaceLoader::~FaceLoader() = default;

FaceBatch FaceLoader::Next() {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [&] { return impl_->failure || impl_->ready.contains(impl_->next_to_give); });
  const auto found = impl_->ready.find(impl_->next_to_give);
  if (found == impl_->ready.end()) std::rethrow_exception(impl_->failure);
  FaceBatch batch = std::move(found->second);
  impl_->ready.erase(found);
  ++impl_->next_to_give;
  lock.unlock();
  impl_->changed.notify_all();
  return batch;
}

void FaceLoader::SetProgress(double progress) { impl_->progress = progress; }

cv::Mat CutPlain(const std::filesystem::path& image, const CropGeometry& stored, const CropGeometry& wanted) {
  const int side = ResizedSide(stored, wanted);
  return CutTarget(Shrink(ReadStored(image, stored), side), ResizedFromUnit(stored, side), wanted,
                   WarpDraw{});
}

}  // namespace reelswap
