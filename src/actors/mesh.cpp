#include "actors/mesh.h"

namespace reelswap {

void AppendGrid(Mesh& mesh, int first, int rows, int columns) {
  for (int r = 0; r + 1 < rows; ++r) {
    for (int c = 0; c + 1 < columns; ++c) {
      const int i = first + r * columns + c;
      mesh.triangles.push_back({i, i + 1, i + columns});
      mesh.triangles.push_back({i + 1, i + columns + 1, i + columns});
    }
  }
}

std::vector<Vec3> VertexNormals(const Mesh& mesh, const std::vector<Vec3>& positions) {
  std::vector<Vec3> normals(positions.size());
  for (size_t i = 0; i < mesh.triangles.size(); ++i) {
    if (mesh.IsMouthInside(static_cast<int>(i))) continue;
    const Triangle& t = mesh.triangles[i];
    const Vec3 face = Cross(positions[t.b] - positions[t.a], positions[t.c] - positions[t.a]);
    normals[t.a] += face;
    normals[t.b] += face;
    normals[t.c] += face;
  }
  for (int r = 0; r < mesh.rows; ++r) {
    Vec3& first = normals[r * mesh.columns];
    Vec3& last = normals[(r + 1) * mesh.columns - 1];
    first = last = first + last;
  }
  for (Vec3& normal : normals) normal = Normalized(normal);
  return normals;
}

}  // namespace reelswap
