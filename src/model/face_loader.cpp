#include "model/face_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <map>
#include <mutex>
#include <numeric>
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
  int64_t Bytes() const {
    const int64_t bytes = static_cast<int64_t>(for_input.total() * for_input.elemSize());
    return for_input.data == for_output.data
               ? bytes
               : bytes + static_cast<int64_t>(for_output.total() * for_output.elemSize());
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
    const std::lock_guard lock(mutex_);
    if (!kept_[person][number] && used_bytes_ + picture->Bytes() <= settings_.cache_bytes) {
      used_bytes_ += picture->Bytes();
      kept_[person][number] = picture;
    }
    return picture;
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
  PassOrder(uint64_t seed, uint64_t person, size_t count) : seed_(seed), person_(person), count_(count) {}

  size_t PictureOf(uint64_t sample) {
    const uint64_t pass = sample / count_;
    const std::lock_guard lock(mutex_);
    auto found = orders_.find(pass);
    if (found == orders_.end()) {
      if (orders_.size() >= 4) orders_.erase(orders_.begin());  // workers are at most one pass apart
      found = orders_.emplace(pass, Shuffled(pass)).first;
    }
    return found->second[sample % count_];
  }

 private:
  std::vector<uint32_t> Shuffled(uint64_t pass) const {
    std::vector<uint32_t> order(count_);
    std::iota(order.begin(), order.end(), 0u);
    SampleRandom random(MixKey(seed_, person_, pass, 0x0de7), 0, 0, 0);
    for (size_t i = count_ - 1; i > 0; --i) std::swap(order[i], order[random.Next() % (i + 1)]);
    return order;
  }
  const uint64_t seed_, person_;
  const size_t count_;
  std::mutex mutex_;
  std::map<uint64_t, std::vector<uint32_t>> orders_;
};

}  // namespace

struct FaceLoader::Impl {
  Impl(std::vector<TrainingFaces> p, const FaceLoaderSettings& s, int64_t first_iteration)
      : people(std::move(p)),
        settings(s),
        cache(people, settings),
        next_to_make(first_iteration),
        next_to_give(first_iteration) {
    for (size_t i = 0; i < people.size(); ++i) {
      if (people[i].images.empty()) throw std::invalid_argument("FaceLoader: a person without pictures");
      orders.push_back(std::make_unique<PassOrder>(settings.seed, i, people[i].images.size()));
    }
    for (int i = 0; i < std::max(1, settings.workers); ++i) {
      threads.emplace_back([this](std::stop_token stop) { Work(stop); });
    }
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
    const cv::Matx23d input_from_unit = ResizedFromUnit(settings.stored, cache.input_side());
    const cv::Matx23d output_from_unit = ResizedFromUnit(settings.stored, cache.output_side());
    size_t slot = 0;
    for (size_t person = 0; person < people.size(); ++person) {
      for (int k = 0; k < settings.batch; ++k, ++slot) {
        const uint64_t sample = static_cast<uint64_t>(iteration) * settings.batch + k;
        const auto picture = cache.Get(person, orders[person]->PictureOf(sample));
        SampleRandom random(settings.seed, person, iteration, k);
        const WarpDraw draw = DrawWarp(random, settings.warp);
        const cv::Mat warped = CutWarped(picture->for_input, input_from_unit, settings.input, draw);
        const cv::Mat target = CutTarget(picture->for_output, output_from_unit, settings.output, draw);
        std::memcpy(batch.input.data() + slot * input_bytes, warped.data, input_bytes);
        std::memcpy(batch.target.data() + slot * output_bytes, target.data, output_bytes);
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

cv::Mat CutPlain(const std::filesystem::path& image, const CropGeometry& stored, const CropGeometry& wanted) {
  const int side = ResizedSide(stored, wanted);
  return CutTarget(Shrink(ReadStored(image, stored), side), ResizedFromUnit(stored, side), wanted,
                   WarpDraw{});
}

}  // namespace reelswap
