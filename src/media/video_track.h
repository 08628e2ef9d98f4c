#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "media/muxer.h"
#include "media/stream_copier.h"
#include "media/video_info.h"

namespace reelswap::libav {

/// Adds the video stream: aspect, average rate, HDR description and the tag that Apple's players want for
/// HEVC. Throws Error(kMedia) when the container does not store such a stream; `path` is for the message.
AVStream* AddVideoTrack(Muxer& muxer, const AVCodecParameters& parameters, const VideoInfo& video,
                        const std::filesystem::path& path);

/// The sentence for that refusal.
std::string VideoRefusal(const std::filesystem::path& path, const AVCodecParameters& parameters,
                         const std::string& container);

/// Ticks per second in which mp4 and mov store durations and start offsets of all tracks: exact for the
/// video's time base and the audio's sample rate (0: no audio) where that is possible.
int MovieTimescale(int video_timescale, int sample_rate);

/// Ticks of the last frame of a video that nobody told the end of: one frame of the average rate, else
/// `last_gap`, the time between the last two frames.
int64_t LastFrameDuration(const VideoInfo& video, int64_t last_gap);

/// Ticks to be added to all times of the video, and sets those of the copied streams (nullptr: none) to
/// match. A range that begins late begins at 0; a first frame before 0 moves to 0; in Matroska and WebM,
/// which store nothing below 0, everything moves later by what the audio needs. Broadcast streams (MPEG-TS,
/// MPEG-PS), whose clocks begin anywhere, move so that the first of all streams begins at 0 when that is
/// seconds away; the clause for the user, else empty, comes second.
std::pair<int64_t, std::string> ChooseShift(int64_t first_pts, const VideoInfo& video,
                                            double range_start_seconds, const Muxer& muxer,
                                            StreamCopier* copies);

}  // namespace reelswap::libav
