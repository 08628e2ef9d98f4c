#pragma once

#include "media/frame_converter.h"
#include "media/video_decoder.h"
#include "media/video_info.h"

namespace reelswap::libav {

/// How to turn this stream's pictures upright: the frame's own display matrix, else the stream's.
Orientation OrientationOf(const AVFrame& frame, const AVStream& stream);

/// Length of the video stream as the container declares it, 0 where it does not.
double DeclaredSeconds(const VideoDecoder& decoder);

/// Everything about the stream, given its first picture and the converter made from it.
VideoInfo DescribeVideo(const VideoDecoder& decoder, const VideoDecoder::Picture& first,
                        Orientation orientation, const FrameConverter& converter);

}  // namespace reelswap::libav
