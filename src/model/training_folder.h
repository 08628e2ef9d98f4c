#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace reelswap {

// Names inside a training's folder.
std::filesystem::path CheckpointPath(const std::filesystem::path& folder);
std::filesystem::path PreviousCheckpointPath(const std::filesystem::path& folder);
/// Averaged weights of the best score.
std::filesystem::path BestPath(const std::filesystem::path& folder);
/// Averaged weights of one iteration.
std::filesystem::path MilestonePath(const std::filesystem::path& folder, int64_t iteration);

/// Iterations of the milestones in a folder, rising.
std::vector<int64_t> ListMilestones(const std::filesystem::path& folder);

/// Which of these milestones (rising) to give up, so that at most `keep` are left, spread over the training:
/// one after the other the one whose neighbours are nearest to each other. The newest stays.
std::vector<int64_t> MilestonesToDrop(std::vector<int64_t> iterations, size_t keep);

/// Removes what a killed training left half-written: temporary files of checkpoints, weights, pictures and
/// tables whose process is gone.
void RemoveStaleTemporaries(const std::filesystem::path& folder);

/// Moves what another training left (best and milestone weights) into folder/earlier (or earlier_2, ...), so that it is not taken
/// for the new one's. Throws Error(kDisk).
void SetEarlierWeightsAside(const std::filesystem::path& folder);

/// Moves the best weights there: scores they won are not comparable any more. Throws Error(kDisk).
void SetBestAside(const std::filesystem::path& folder);

/// Moves a damaged newest checkpoint aside, so that it does not replace the good previous one at the next save.
/// Throws Error(kDisk).
void SetDamagedAside(const std::filesystem::path& folder);

}  // namespace reelswap
