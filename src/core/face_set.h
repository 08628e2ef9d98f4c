#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/faces.h"

namespace reelswap {

/// A row of the index: everything about one face but its pixels.
struct FaceRecord {
  std::string source;       ///< source id (hash, safe as a file name)
  int64_t frame_index = 0;
  int face_number = 0;      ///< 0-based among the faces of that frame
  double seconds = 0;
  std::string image;        ///< file name below images/, empty when none was kept
  DetectedFace face;
  cv::Matx23f face_from_frame;
  HeadPose pose;
  float sharpness = 0;
  cv::Size picture;              ///< size of the whole picture, px
  float identity_distance = -1;  ///< to the person's gallery; -1 = not measured
  std::string rejected;          ///< empty = kept; else why: "blurred", "too_small", ...
  bool kept() const { return rejected.empty(); }
};

/// Counts of one finished source.
struct SourceTally {
  int64_t frames_decoded = 0;
  int64_t frames_sampled = 0;
  int64_t faces_found = 0;
  int64_t faces_kept = 0;
  std::map<std::string, int64_t> rejected;  ///< reason -> count
  std::string warning;  ///< e.g. "the file is damaged after 00:41"
};

/// The faces of one person on disk: images/ and one append-only index (faces.jsonl). The rows of a
/// source are written together with its closing row, after its images are flushed; a source counts
/// only once that row is there, so an interruption loses at most the unfinished sources. Thread-safe.
class FaceSet {
 public:
  /// Opens or creates the set. A torn last line and rows of unfinished sources are dropped (their
  /// images too). Throws Error(kDisk) / Error(kFaces) when the folder holds something else.
  FaceSet(std::filesystem::path folder, CropGeometry geometry);
  ~FaceSet();

  /// The key a finished source was made with (hash of its content and the parameters), or empty.
  std::string FinishedKey(const std::string& source) const;
  /// Forgets a source's rows and images (its key changed).
  void RemoveSource(const std::string& source);
  /// Forgets every source that is not in `sources`.
  void KeepOnly(const std::vector<std::string>& sources);

  /// Stores the image (JPEG, quality 95) and holds the row until FinishSource; record.image is chosen here.
  void Add(const AlignedFace& face, FaceRecord record);
  /// Rows added for a source that is not finished yet, ordered by (frame, number).
  std::vector<FaceRecord> Pending(const std::string& source) const;
  /// Marks rows of an unfinished source, given by (frame index, face number), as rejected for `reason`.
  void RejectPending(const std::string& source, const std::vector<std::pair<int64_t, int>>& faces,
                     const std::string& reason);
  /// Closes a source: its rows are written and count from now on.
  void FinishSource(const std::string& source, const std::string& key, const SourceTally& tally);

  /// Gives a finished source other rejections (same faces, other thresholds) and closes it under a new key.
  /// records: all of the source's rows, as Records() gave them, with `rejected` set anew.
  void Refilter(const std::string& source, std::vector<FaceRecord> records, const std::string& key,
                const SourceTally& tally);

  /// Rows of finished sources, ordered by (source, frame, number): the same whatever the threads did.
  std::vector<FaceRecord> Records() const;
  std::map<std::string, SourceTally> Tallies() const;
  /// Where a record's image lies.
  std::filesystem::path ImagePath(const FaceRecord& record) const { return folder_ / "images" / record.image; }
  /// Paths of the kept faces' images in the order of Records().
  std::vector<std::filesystem::path> KeptImages() const;
  const CropGeometry& geometry() const { return geometry_; }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  struct Source;
  void Rewrite();  // compacts the index atomically; caller holds mutex_
  void Append(const std::string& lines);

  std::filesystem::path folder_;
  CropGeometry geometry_;
  mutable std::mutex mutex_;
  std::map<std::string, Source> sources_;
  int index_fd_ = -1;
};

}  // namespace reelswap
