#include "actors/raster.h"

#include "actors/noise.h"

namespace reelswap {
namespace {

/// Calls `visit(x, y, u, v)` for every sample inside a triangle, with the barycentric weights of
/// its second and third corner. Samples lie at the middles of unit cells.
template <typename Visit>
void ForEachSample(Vec3 a, Vec3 b, Vec3 c, int width, int height, Visit visit) {
  const int x0 = std::max(0, static_cast<int>(std::ceil(std::min({a.x, b.x, c.x}) - .5f)));
  const int y0 = std::max(0, static_cast<int>(std::ceil(std::min({a.y, b.y, c.y}) - .5f)));
  const int x1 = std::min(width - 1, static_cast<int>(std::floor(std::max({a.x, b.x, c.x}) - .5f)));
  const int y1 = std::min(height - 1, static_cast<int>(std::floor(std::max({a.y, b.y, c.y}) - .5f)));
  const Vec3 ab = b - a, ac = c - a;
  const float scale = 1 / (ab.x * ac.y - ac.x * ab.y);
  for (int y = y0; y <= y1; ++y) {
    for (int x = x0; x <= x1; ++x) {
      const float px = static_cast<float>(x) + .5f - a.x, py = static_cast<float>(y) + .5f - a.y;
      const float u = (px * ac.y - ac.x * py) * scale, v = (ab.x * py - px * ab.y) * scale;
      if (u >= 0 && v >= 0 && u + v <= 1) visit(x, y, u, v);
    }
  }
}

float SignedArea(Vec3 a, Vec3 b, Vec3 c) { return (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y); }

/// Whether hair ends above this place; `at`: canonical coordinates of the hair mesh.
bool BelowHem(Vec2 at, uint32_t seed) {
  // The noise lies within +-0.75, so away from the hem nothing needs to be computed.
  if (at.y >= .75f) return false;
  if (at.y < -.75f) return true;
  return at.y < .5f * Noise(at.x * 8, at.y * .3f, seed + 3) + .25f * Noise(at.x * 22, at.y * .3f, seed + 4);
}

}  // namespace

Camera::Camera(const ActorScene& scene, int samples)
    : focal_(scene.focal * static_cast<float>(samples)),
      distance_(scene.distance),
      centre_{static_cast<float>(scene.width * samples) * .5f,
              static_cast<float>(scene.height * samples) * .5f} {}

FragmentGrid Rasterize(const PosedActor& actor, const Camera& camera, int width, int height,
                       uint32_t hair_seed) {
  FragmentGrid grid{width, height, {}};
  grid.fragments.resize(static_cast<size_t>(width) * height);
  for (size_t k = 0; k < actor.meshes.size(); ++k) {
    const Mesh& mesh = actor.meshes[k];
    const bool is_hair = mesh.part == Part::kHair;
    const bool two_sided = is_hair || mesh.part == Part::kGlasses;
    std::vector<Vec3> projected;
    projected.reserve(mesh.vertices.size());
    for (const Vec3 p : actor.posed[k].world) projected.push_back(camera.Project(p));
    for (size_t i = 0; i < mesh.triangles.size(); ++i) {
      const Triangle& t = mesh.triangles[i];
      const Vec3 a = projected[t.a], b = projected[t.b], c = projected[t.c];
      const float area = SignedArea(a, b, c);
      if (std::fabs(area) < 1e-7f || (!two_sided && area >= 0)) continue;
      ForEachSample(a, b, c, width, height, [&](int x, int y, float u, float v) {
        Fragment& fragment = grid.fragments[static_cast<size_t>(y) * width + x];
        const float depth = a.z * (1 - u - v) + b.z * u + c.z * v;
        if (depth <= fragment.depth) return;
        if (is_hair) {
          const Vec2 at = mesh.vertices[t.a].canonical * (1 - u - v) + mesh.vertices[t.b].canonical * u +
                          mesh.vertices[t.c].canonical * v;
          if (BelowHem(at, hair_seed)) return;
        }
        fragment = {depth, u, v, static_cast<int>(i), mesh.part};
      });
    }
  }
  return grid;
}

ShadowMap::ShadowMap(const PosedActor& actor, Vec3 to_light, Vec3 centre)
    : to_light_(to_light),
      across_(Normalized(Cross({0, 1, 0}, to_light))),
      up_(Cross(to_light, across_)),
      centre_(centre),
      nearest_(static_cast<size_t>(kSize) * kSize, -1e9f) {
  for (const Part part : {Part::kHead, Part::kHair}) {
    const auto k = static_cast<size_t>(part);
    Draw(actor.meshes[k], actor.posed[k].world);
  }
}

Vec3 ShadowMap::InMap(Vec3 world) const {
  constexpr float kScale = kSize / (2 * kHalfWidth);
  const Vec3 p = world - centre_;
  return {(Dot(p, across_) + kHalfWidth) * kScale, (Dot(p, up_) + kHalfWidth) * kScale, Dot(p, to_light_)};
}

void ShadowMap::Draw(const Mesh& mesh, const std::vector<Vec3>& world) {
  std::vector<Vec3> projected;
  projected.reserve(world.size());
  for (const Vec3 p : world) projected.push_back(InMap(p));
  for (const Triangle& t : mesh.triangles) {
    if (mesh.part == Part::kHair && mesh.vertices[t.a].canonical.y < .2f) continue;  // the hem
    const Vec3 a = projected[t.a], b = projected[t.b], c = projected[t.c];
    if (SignedArea(a, b, c) <= 1e-6f) continue;
    ForEachSample(a, b, c, kSize, kSize, [&](int x, int y, float u, float v) {
      float& nearest = nearest_[static_cast<size_t>(y) * kSize + x];
      nearest = std::max(nearest, a.z * (1 - u - v) + b.z * u + c.z * v);
    });
  }
}

float ShadowMap::LightAt(Vec3 world) const {
  const Vec3 p = InMap(world);
  float light = 0;
  for (int j = -1; j <= 1; ++j) {
    for (int i = -1; i <= 1; ++i) {
      const int x = static_cast<int>(p.x + static_cast<float>(i) * 2.2f);
      const int y = static_cast<int>(p.y + static_cast<float>(j) * 2.2f);
      if (x < 0 || y < 0 || x >= kSize || y >= kSize) {
        light += 1;
        continue;
      }
      // What is 0.3 cm nearer to the light begins to shade, 0.75 cm shades fully.
      light += 1 - SmoothStep(.30f, .75f, nearest_[static_cast<size_t>(y) * kSize + x] - p.z);
    }
  }
  return light / 9;
}

}  // namespace reelswap
