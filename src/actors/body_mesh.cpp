// Ears, neck with torso, and glasses.
#include <span>

#include "actors/mesh.h"

namespace reelswap {
namespace {

constexpr int kEyeRow = 8;  // control row of the skull at eye height

Vertex EarVertex(const Anatomy& anatomy, float side, float from_pole, float around) {
  const float ring = std::sin(from_pole), up = -std::cos(from_pole);
  Vec3 p{std::cos(around) * ring * 0.95f, up * 3.1f, std::sin(around) * ring * 1.65f * (1 + .25f * up)};
  const float shell = Bump(p.z - .25f, p.y + .3f, .6f, 1.2f);  // the hollow of the ear
  p.x -= 0.6f * shell;
  constexpr float kStandOff = 22 * kRadiansPerDegree;  // ears point back and out
  const float c = std::cos(kStandOff), s = std::sin(kStandOff);
  const Vec3 turned{p.x * c - p.z * s, p.y, p.x * s + p.z * c + .12f * p.y};
  Vertex vertex;
  vertex.rest = {side * (anatomy.half_width(kEyeRow) - 0.05f + turned.x), -1.6f + turned.y, -1.0f + turned.z};
  vertex.canonical = {p.z, p.y};
  vertex.light = 1 - .65f * shell;
  return vertex;
}

Vertex BodyVertex(float head_width, float angle, float y) {
  const float front = std::cos(angle);
  const float neck = SmoothStep(-19.f, -14.5f, y + 1.6f * front);
  const float shoulders = SmoothStep(-16.8f, -27.f, y);
  const float half_width = Mix(5.35f * head_width, Mix(7.f, 20.5f, std::pow(shoulders, .62f)), 1 - neck);
  const float depth = Mix(5.6f, Mix(6.f, 9.f, shoulders), 1 - neck);
  Vertex vertex;
  vertex.rest = {half_width * std::sin(angle), y - 1.2f * front * neck,
                 depth * front - 1.6f + (1 - neck) * .5f};
  vertex.canonical = {vertex.rest.x, vertex.rest.y};
  const float under_chin = SmoothStep(-14.f, -8.5f, y) * (0.4f + .6f * std::max(0.f, front));
  vertex.light = Mix(1.f, .35f, under_chin);
  return vertex;
}

/// Appends a tube of circular section along `path`.
void AppendTube(Mesh& mesh, std::span<const Vec3> path, float radius, bool closed) {
  constexpr int kSides = 8;
  const int first = static_cast<int>(mesh.vertices.size()), count = static_cast<int>(path.size());
  for (int i = 0; i < count; ++i) {
    const Vec3 before = path[closed ? (i + count - 1) % count : std::max(0, i - 1)];
    const Vec3 after = path[closed ? (i + 1) % count : std::min(count - 1, i + 1)];
    const Vec3 along = Normalized(after - before);
    const Vec3 aside = std::fabs(along.z) > .8f ? Vec3{0, 1, 0} : Vec3{0, 0, 1};
    const Vec3 u = Normalized(Cross(along, aside)), w = Cross(along, u);
    for (int s = 0; s <= kSides; ++s) {
      const float angle = 2 * kPi * static_cast<float>(s) / kSides;
      Vertex vertex;
      vertex.rest = path[i] + u * (std::cos(angle) * radius) + w * (std::sin(angle) * radius);
      mesh.vertices.push_back(vertex);
    }
  }
  for (int i = 0; i < (closed ? count : count - 1); ++i) {
    for (int s = 0; s < kSides; ++s) {
      const int a = first + i * (kSides + 1) + s;
      const int b = first + ((i + 1) % count) * (kSides + 1) + s;
      mesh.triangles.push_back({a, b, a + 1});
      mesh.triangles.push_back({a + 1, b, b + 1});
    }
  }
}

/// `sign(v) |v|^0.62`: turns a circle into the rounded rectangle of a lens.
float Squarish(float v) { return std::copysign(std::pow(std::fabs(v), .62f), v); }

}  // namespace

Mesh BuildEars(const Anatomy& anatomy) {
  constexpr int kRings = 17, kAround = 15;
  Mesh ears;
  ears.part = Part::kEars;
  for (const float side : {-1.f, 1.f}) {
    const int first = static_cast<int>(ears.vertices.size());
    for (int r = 0; r < kRings; ++r) {
      for (int c = 0; c < kAround; ++c) {
        const float around = kPi * static_cast<float>(c) / (kAround - 1) - kPi / 2;
        const float from_pole = kPi * static_cast<float>(r) / (kRings - 1);
        ears.vertices.push_back(EarVertex(anatomy, side, from_pole, around));
      }
    }
    const size_t first_triangle = ears.triangles.size();
    AppendGrid(ears, first, kRings, kAround);
    if (side > 0) {  // the mirror image turns inside out
      for (size_t i = first_triangle; i < ears.triangles.size(); ++i) {
        std::swap(ears.triangles[i].b, ears.triangles[i].c);
      }
    }
  }
  return ears;
}

Mesh BuildBody(const Anatomy& anatomy) {
  constexpr int kRows = 60, kColumns = 81;
  Mesh body;
  body.part = Part::kBody;
  body.rows = kRows;
  body.columns = kColumns;
  for (int r = 0; r < kRows; ++r) {
    const float y = Mix(-34.f, -5.f, static_cast<float>(r) / (kRows - 1));
    for (int c = 0; c < kColumns; ++c) {
      const float angle = kPi * (2.f * static_cast<float>(c) / (kColumns - 1) - 1);
      body.vertices.push_back(BodyVertex(anatomy.identity.head.width, angle, y));
    }
  }
  AppendGrid(body, 0, kRows, kColumns);
  return body;
}

Mesh BuildGlasses(const Anatomy& anatomy) {
  Mesh glasses;
  glasses.part = Part::kGlasses;
  if (!anatomy.identity.head.glasses) return glasses;
  const float z = std::max(anatomy.eyeball_z + anatomy.eyeball_radius.z + 1.0f, 8.6f);
  const float temple_x = anatomy.half_width(kEyeRow);
  const auto bent = [&](float x) { return z + .55f - .055f * x * x; };  // follows the face
  for (const float side : {-1.f, 1.f}) {
    constexpr int kPoints = 40;
    std::vector<Vec3> rim;
    for (int i = 0; i < kPoints; ++i) {
      const float angle = 2 * kPi * static_cast<float>(i) / kPoints;
      const float x = anatomy.eye_x + .1f + 2.45f * Squarish(std::cos(angle));
      rim.push_back({side * x, -.35f + 1.85f * Squarish(std::sin(angle)), bent(x) - .05f});
    }
    AppendTube(glasses, rim, .13f, true);
    const float hinge = anatomy.eye_x + 2.5f;
    const Vec3 temple[] = {{side * hinge, .6f, bent(hinge) - .15f},
                           {side * (temple_x + .25f), .8f, z - 4.5f},
                           {side * (temple_x + .45f), .8f, 0}};
    AppendTube(glasses, temple, .13f, false);
  }
  const Vec3 bridge[] = {{-.85f, .35f, z + .55f}, {0, .6f, z + .75f}, {.85f, .35f, z + .55f}};
  AppendTube(glasses, bridge, .12f, false);
  return glasses;
}

}  // namespace reelswap
