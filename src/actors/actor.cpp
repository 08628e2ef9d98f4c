#include "actors/actor.h"

#include <stdexcept>

#include "actors/deform.h"
#include "actors/landmark_points.h"
#include "actors/mesh.h"
#include "actors/raster.h"
#include "actors/shade_frame.h"
#include "fmt/format.h"

namespace reelswap {
namespace {

void Check(const ActorScene& scene) {
  if (scene.width < 1 || scene.height < 1 || scene.width > 8192 || scene.height > 8192) {
    throw std::invalid_argument(
        fmt::format("an actor cannot be rendered at {} x {} px", scene.width, scene.height));
  }
  if (scene.samples < 1 || scene.samples > 4) {
    throw std::invalid_argument(fmt::format("samples is {}, must be between 1 and 4", scene.samples));
  }
  const cv::Mat& painted = scene.painted_backdrop;
  if (!painted.empty() &&
      (painted.type() != CV_32FC3 || painted.size() != cv::Size(scene.width, scene.height))) {
    throw std::invalid_argument(
        fmt::format("the painted backdrop must be {} x {} px of CV_32FC3", scene.width, scene.height));
  }
}

/// Nothing of the actor may come to the camera's plane: hair and shoulders reach 25 cm around.
void CheckCamera(const Performance& performance, const ActorScene& scene) {
  if (!(scene.focal > 0) || !(scene.distance - performance.position.z > 30)) {
    throw std::invalid_argument(
        fmt::format("the camera is {} cm from the head (at least 30) with a focal length of {} px",
                    scene.distance - performance.position.z, scene.focal));
  }
}

}  // namespace

struct Actor::Parts {
  explicit Parts(const ActorIdentity& identity)
      : anatomy(identity),
        meshes{BuildHead(anatomy), BuildHair(anatomy), BuildBody(anatomy), BuildEars(anatomy),
               BuildGlasses(anatomy)},
        landmarks(anatomy, meshes[0]) {}

  const Anatomy anatomy;
  const std::array<Mesh, kPartCount> meshes;  // by Part
  const LandmarkPoints landmarks;
};

Actor::Actor(const ActorIdentity& identity) : parts_(std::make_unique<const Parts>(identity)) {}
Actor::~Actor() = default;
Actor::Actor(Actor&&) noexcept = default;
Actor& Actor::operator=(Actor&&) noexcept = default;

const ActorIdentity& Actor::identity() const { return parts_->anatomy.identity; }

RenderedFrame Actor::Render(const Performance& performance, const ActorScene& scene) const {
  Check(scene);
  CheckCamera(performance, scene);
  PosedActor posed{parts_->meshes, {}};
  for (const Mesh& mesh : parts_->meshes) {
    posed.posed.push_back(Pose(mesh, performance, parts_->anatomy));
  }
  const FragmentGrid fragments = Rasterize(posed, Camera(scene, scene.samples), scene.width * scene.samples,
                                           scene.height * scene.samples, identity().seed);
  RenderedFrame frame = ShadeFrame({parts_->anatomy, performance, scene, posed, fragments});

  const Camera camera(scene, 1);
  const HeadMotion motion(performance);
  const auto points = parts_->landmarks.On(posed.posed[0].head, performance);
  for (int i = 0; i < kLandmarkCount; ++i) {
    const Vec3 world = motion.ToWorld(points[i]);
    const Vec3 projected = camera.Project(world);
    frame.landmarks[i] = {projected.x, projected.y};
    frame.landmarks_3d[i] = {world.x, world.y, world.z};
  }
  return frame;
}

}  // namespace reelswap
