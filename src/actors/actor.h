#pragma once

#include <memory>

#include "actors/identity.h"
#include "actors/performance.h"
#include "actors/rendered_frame.h"
#include "actors/scene.h"

namespace reelswap {

/// A virtual person: a parametric head of nobody's likeness, rendered by software with its truth
/// (labels, landmarks). Built once for each identity (some 25 ms), then immutable: Render is
/// thread-safe and gives the same bytes for the same arguments within one build of the program.
class Actor {
 public:
  explicit Actor(const ActorIdentity& identity);
  ~Actor();
  Actor(Actor&&) noexcept;
  Actor& operator=(Actor&&) noexcept;

  const ActorIdentity& identity() const;

  /// Throws std::invalid_argument for an empty or huge picture (over 8192 px a side), samples
  /// outside 1 .. 4, a camera inside the head, or a painted backdrop of another size or type.
  RenderedFrame Render(const Performance& performance, const ActorScene& scene = {}) const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

}  // namespace reelswap
