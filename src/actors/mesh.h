#pragma once

#include <cstdint>
#include <vector>

#include "actors/anatomy.h"

namespace reelswap {

struct Vertex {
  Vec3 rest;               ///< head space, cm
  Vec2 canonical;          ///< where paint is looked up; its meaning belongs to the part
  float light = 1;         ///< ambient occlusion: share of the surrounding light that arrives
  bool lower_jaw = false;  ///< below the mouth line (which exists twice, once for each lip)
};

struct Triangle {
  int a, b, c;
};

enum class Part : uint8_t { kHead, kHair, kBody, kEars, kGlasses };
inline constexpr int kPartCount = 5;

/// One part of the actor at rest.
struct Mesh {
  Part part = Part::kHead;
  std::vector<Vertex> vertices;
  std::vector<Triangle> triangles;
  int columns = 0, rows = 0;  ///< where the vertices form a grid closed around the vertical axis

  // For the head only, one flag a triangle.
  std::vector<bool> mouth_inside;  ///< spans the opening between the lips
  std::vector<bool> smooth;        ///< no fine paint on it: one shading sample a pixel is enough

  bool IsMouthInside(int triangle) const { return !mouth_inside.empty() && mouth_inside[triangle]; }
};

/// Appends two triangles for each cell of a grid whose first vertex is `first`.
void AppendGrid(Mesh& mesh, int first, int rows, int columns);

/// Unit vertex normals for the given positions; a closed grid's seam gets one normal. The mouth's
/// inside adds nothing, so that the lips keep their own.
std::vector<Vec3> VertexNormals(const Mesh& mesh, const std::vector<Vec3>& positions);

Mesh BuildHead(const Anatomy& anatomy);
Mesh BuildHair(const Anatomy& anatomy);
Mesh BuildBody(const Anatomy& anatomy);
Mesh BuildEars(const Anatomy& anatomy);
/// Empty for people without glasses.
Mesh BuildGlasses(const Anatomy& anatomy);

}  // namespace reelswap
