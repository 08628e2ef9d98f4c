#include "pipeline/quality_book.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "pipeline/landmark_motion.h"
#include "pipeline/quality_sheet.h"

namespace reelswap {
namespace {

// What a viewer begins to see; a fault of this size has badness 1.
constexpr double kSeamLevels = 6;
constexpr double kFlashLevels = 8;
constexpr double kOccludedShare = 0.5;
constexpr double kStrangerDistance = 0.6;  // embedding distance from which two pictures rather show two people
constexpr double kNotSwapped = 0.05;       // opacity, see PlanTally::unswapped
constexpr double kWorthMentioning = 0.5;   // badness
constexpr double kShareOfOthers = 0.25;    // two faults are worse than one, but not twice as bad

double Finite(double value, double otherwise = 0) { return std::isfinite(value) ? value : otherwise; }
float FiniteFloat(double value, double otherwise = 0) { return static_cast<float>(Finite(value, otherwise)); }

struct Fault {
  double badness = 0;
  std::string reason;
};

void AddPoseFault(const FaceQuality& face, std::vector<Fault>& faults) {
  const double opacity = Finite(face.planned.opacity, 1);
  if (opacity < kNotSwapped) {
    faults.push_back({3, fmt::format("not swapped: the pose leaves what the training saw (yaw {:.0f})", face.yaw)});
  } else if (face.planned.faded || opacity < 1) {
    faults.push_back({2 * (1 - opacity), fmt::format("the pose leaves what the training saw (yaw {:.0f})", face.yaw)});
  }
}

void AddTimeFaults(const FaceQuality& face, std::vector<Fault>& faults) {
  const double flash = Finite(face.flash);
  if (face.flash_repaired) {
    faults.push_back({0.6, fmt::format("a flash was taken out ({:.0f} levels)", flash)});
  } else if (flash > 0) {
    faults.push_back({flash / kFlashLevels, fmt::format("flashes for a frame ({:.0f} levels)", flash)});
  }
  if (face.planned.repaired) faults.push_back({0.8, "jumped away: put between its neighbours"});
  if (face.planned.filled) faults.push_back({0.7, "found only between its neighbours"});
}

void AddLookFaults(const FaceQuality& face, std::vector<Fault>& faults) {
  if (const double occluded = Finite(face.occluded); occluded > 0) {
    faults.push_back({occluded / kOccludedShare, fmt::format("something stands in front ({:.0f} %)", 100 * occluded)});
  }
  if (const double seam = Finite(face.seam); seam > 0) {
    faults.push_back({seam / kSeamLevels, fmt::format("visible edge ({:.1f} levels)", seam)});
  }
  if (const double times = Finite(face.enlargement, 1); times > 1) {
    faults.push_back({(times - 1) / 2, fmt::format("larger than the model draws ({:.1f} times)", times)});
  }
  if (const double distance = Finite(face.identity); distance > kStrangerDistance) {
    faults.push_back({1 + 5 * (distance - kStrangerDistance), fmt::format("looks like someone else ({:.2f})", distance)});
  }
}

QualityRow RowOf(const FrameQuality& quality, const FaceQuality& face) {
  const cv::Rect2f box = BoxOf(face.planned.face.landmarks);
  QualityRow row;
  row.frame = quality.number;
  row.seconds = Finite(quality.seconds);
  row.track = face.planned.track;
  row.direction = face.planned.from;
  row.x = FiniteFloat(box.x + box.width / 2);
  row.y = FiniteFloat(box.y + box.height / 2);
  row.width = FiniteFloat(box.width);
  row.opacity = FiniteFloat(face.planned.opacity, 1);
  row.filled = face.planned.filled;
  row.repaired = face.planned.repaired;
  row.faded = face.planned.faded;
  row.flash_repaired = face.flash_repaired;
  row.seam = FiniteFloat(face.seam);
  row.enlargement = FiniteFloat(face.enlargement, 1);
  row.occluded = FiniteFloat(face.occluded);
  row.flash = FiniteFloat(face.flash);
  row.yaw = FiniteFloat(face.yaw);
  row.identity = FiniteFloat(face.identity);
  row.badness = FiniteFloat(QualityBook::Badness(face, row.reason));
  return row;
}

}  // namespace

double QualityBook::Badness(const FaceQuality& face, std::string& reason) {
  std::vector<Fault> faults;
  AddPoseFault(face, faults);
  AddTimeFaults(face, faults);
  AddLookFaults(face, faults);
  std::stable_sort(faults.begin(), faults.end(), [](const Fault& a, const Fault& b) { return a.badness > b.badness; });
  reason = "nothing conspicuous";
  if (faults.empty()) return 0;
  double badness = faults[0].badness;
  for (size_t i = 1; i < faults.size(); ++i) badness += kShareOfOthers * faults[i].badness;
  if (faults[0].badness >= kWorthMentioning) {
    reason = faults[0].reason;
    if (faults.size() > 1 && faults[1].badness >= kWorthMentioning) reason += "; " + faults[1].reason;
  }
  return badness;
}

void QualityBook::Add(const FrameQuality& quality, const Frame& result) {
  const FaceQuality* worst = nullptr;
  size_t worst_row = 0;
  for (const FaceQuality& face : quality.faces) {
    rows_.push_back(RowOf(quality, face));
    FollowTrack(face, quality.number);
    if (worst == nullptr || rows_.back().badness > rows_[worst_row].badness) {
      worst = &face;
      worst_row = rows_.size() - 1;
    }
  }
  if (worst == nullptr) {
    QualityRow row;
    row.frame = quality.number;
    row.seconds = Finite(quality.seconds);
    rows_.push_back(std::move(row));
    return;
  }
  const QualityRow& row = rows_[worst_row];
  if (candidate_ && WorstList::Moment(candidate_->row.seconds) != WorstList::Moment(row.seconds)) KeepCandidate();
  if (candidate_ && row.badness <= candidate_->row.badness) return;
  candidate_ = Candidate{row, BoxOf(worst->planned.face.landmarks), result};
}

/// Drawing a picture costs far more than holding on to a frame: only the worst of each half second is drawn.
void QualityBook::KeepCandidate() {
  if (!candidate_) return;
  const QualityRow& row = candidate_->row;
  if (worst_.Wants(row.seconds, row.badness)) {
    WorstFrame frame;
    frame.frame = row.frame;
    frame.seconds = row.seconds;
    frame.badness = row.badness;
    frame.reason = row.reason;
    frame.picture = Thumbnail(candidate_->result, candidate_->face);
    worst_.Add(std::move(frame));
  }
  candidate_.reset();
}

/// Second differences belong to the middle one of three frames, which is known once the third is there.
void QualityBook::FollowTrack(const FaceQuality& face, int64_t number) {
  Trail& trail = trails_[face.planned.track];
  const Landmarks& planned = face.planned.face.landmarks;
  if (trail.numbers[1] == number - 1 && trail.numbers[0] == number - 2) {
    QualityRow& middle = rows_[trail.row];
    middle.restless_planned = Restlessness(trail.planned[0], trail.planned[1], planned);
  }
  trail.numbers = {trail.numbers[1], number};
  trail.planned = {trail.planned[1], planned};
  trail.row = rows_.size() - 1;
}

void QualityBook::CommitChunk(int64_t chunk) {
  KeepCandidate();
  WriteQualityChunk(folder_, chunk, rows_, worst_.Sorted());
  // Nothing goes over to the next chunk: a resumed run knows nothing of this one either.
  rows_.clear();
  trails_.clear();
  worst_.Clear();
}

bool QualityBook::HasChunk(int64_t chunk) const { return HasQualityChunk(folder_, chunk); }

std::map<std::string, double> QualitySummary::Numbers() const {
  std::map<std::string, double> numbers = {{"frames_with_swap", static_cast<double>(frames_with_swap)},
                                           {"filled", static_cast<double>(filled)},
                                           {"repaired", static_cast<double>(repaired)},
                                           {"faded", static_cast<double>(faded)},
                                           {"occluded", static_cast<double>(occluded)},
                                           {"seam", seam_median},
                                           {"largest_enlargement", largest_enlargement}};
  if (flicker_ratio > 0) numbers["flicker_ratio"] = flicker_ratio;
  if (missing_chunks > 0) numbers["chunks_without_quality"] = static_cast<double>(missing_chunks);
  return numbers;
}

}  // namespace reelswap
