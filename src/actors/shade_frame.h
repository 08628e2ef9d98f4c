#pragma once

#include "actors/anatomy.h"
#include "actors/performance.h"
#include "actors/raster.h"
#include "actors/rendered_frame.h"

namespace reelswap {

/// Everything the shading of one picture reads.
struct FrameView {
  const Anatomy& anatomy;
  const Performance& performance;
  const ActorScene& scene;
  const PosedActor& actor;
  const FragmentGrid& fragments;
};

/// Turns visible surfaces into the picture and its label map (landmarks stay empty). Where all
/// samples of a pixel lie on one surface without fine paint, it is shaded once.
RenderedFrame ShadeFrame(const FrameView& view);

}  // namespace reelswap
