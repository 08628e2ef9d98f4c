// The head: a grid around the vertical axis, 225 columns by about 250 rows, dense where the face is.
#include "actors/mesh.h"

namespace reelswap {
namespace {

constexpr int kColumns = 225;

/// Columns crowd together towards the face; `t` in [-1, 1].
float ColumnAngle(float t) { return kPi * (0.52f * t + 0.48f * t * t * t); }

struct RowPlan {
  std::vector<float> rows;  ///< control row of every grid row
  int mouth = 0;            ///< the lower lip's copy of the mouth row; the upper lip's is the next
};

RowPlan PlanRows(const Anatomy& anatomy) {
  // Rows per cm of profile between the control rows; densest around mouth and eyes.
  constexpr float kDensity[Anatomy::kRows - 1] = {3, 3, 6, 7, 9, 10, 9, 8, 8, 5, 3, 2.2f, 2, 2};
  RowPlan plan;
  for (int i = 0; i + 1 < Anatomy::kRows; ++i) {
    const int count = std::max(2, static_cast<int>(anatomy.ProfileLength(i) * kDensity[i] + .5f));
    if (i == static_cast<int>(Anatomy::kMouthRow)) {
      plan.mouth = static_cast<int>(plan.rows.size());
      plan.rows.push_back(Anatomy::kMouthRow);
    }
    for (int j = 0; j < count; ++j) {
      plan.rows.push_back(static_cast<float>(i) + static_cast<float>(j) / static_cast<float>(count));
    }
  }
  plan.rows.push_back(Anatomy::kRows - 1);
  return plan;
}

Vertex HeadVertex(const Anatomy& anatomy, float row, float angle) {
  const Vec3 base = anatomy.BaseSurface(row, angle);
  const float front = SmoothStep(0.05f, 0.3f, std::cos(angle));
  Vertex vertex;
  vertex.rest = Mix(base, anatomy.WithFeatures(base), front);
  vertex.canonical = {base.x, base.y};
  if (front <= 0) {
    // Keeps paint of the face away from the back of the head, which shares its x and y.
    const float away = 20 * SmoothStep(0.05f, -.2f, std::cos(angle));
    vertex.canonical.x += base.x < 0 ? -away : away;
  }
  return vertex;
}

/// Whether a canonical point has paint finer than a pixel: lashes, brows, lips, nostrils, hair.
bool HasFinePaint(const Anatomy& anatomy, Vec2 p) {
  const FaceShape& face = anatomy.identity.face;
  const float ax = std::fabs(p.x);
  if (ax > 7 || p.y > 4.6f) return true;  // hairline and sides
  if (std::fabs(p.y) < 1.9f && std::fabs(ax - anatomy.eye_x) < anatomy.eye_half_width + .7f) {
    return true;
  }
  if (ax < 6.1f && std::fabs(p.y - anatomy.BrowCentre(ax)) < .75f * face.brow_thickness) {
    return true;
  }
  if (ax < anatomy.mouth_half_width + .5f && p.y < anatomy.mouth_y + anatomy.upper_lip + .3f &&
      p.y > anatomy.mouth_y - anatomy.lower_lip - .3f) {
    return true;
  }
  const bool nose_underside =
      ax < 1.8f * face.nose_width && p.y < anatomy.nose_tip_y + .3f && p.y > anatomy.nose_base_y - .3f;
  return nose_underside || (face.beard > 0 && p.y < -2);
}

void MarkTriangles(const Anatomy& anatomy, Mesh& head) {
  const float reach = anatomy.mouth_half_width + .05f;
  for (const Triangle& t : head.triangles) {
    const Vertex& a = head.vertices[t.a];
    const Vertex &b = head.vertices[t.b], &c = head.vertices[t.c];
    const bool spans = a.lower_jaw != c.lower_jaw && a.rest.z > 0;
    const bool between_corners = std::fabs(a.canonical.x) < reach && std::fabs(b.canonical.x) < reach &&
                                 std::fabs(c.canonical.x) < reach;
    head.mouth_inside.push_back(spans && between_corners);
    head.smooth.push_back(!HasFinePaint(anatomy, a.canonical) && !HasFinePaint(anatomy, b.canonical) &&
                          !HasFinePaint(anatomy, c.canonical));
  }
}

/// Box-blurs positions twice along rows (which close around the head) and columns.
std::vector<Vec3> Blurred(const Mesh& head, std::vector<Vec3> points, int radius) {
  const int rows = head.rows, around = kColumns - 1;
  const float weight = 1.f / static_cast<float>(2 * radius + 1);
  std::vector<Vec3> along(points.size());
  for (int pass = 0; pass < 2; ++pass) {
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < kColumns; ++c) {
        Vec3 sum;
        for (int k = -radius; k <= radius; ++k) {
          sum += points[r * kColumns + (c + k + 2 * around) % around];
        }
        along[r * kColumns + c] = sum * weight;
      }
    }
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < kColumns; ++c) {
        Vec3 sum;
        for (int k = -radius; k <= radius; ++k) {
          sum += along[std::clamp(r + k, 0, rows - 1) * kColumns + c];
        }
        points[r * kColumns + c] = sum * weight;
      }
    }
  }
  return points;
}

/// Ambient occlusion from how far a point lies below its blurred surroundings, at three scales.
void DarkenCavities(Mesh& head) {
  std::vector<Vec3> positions;
  for (const Vertex& vertex : head.vertices) positions.push_back(vertex.rest);
  const std::vector<Vec3> normals = VertexNormals(head, positions);
  struct Scale {
    int radius;      // grid cells
    float strength;  // 1/cm
  };
  for (const Scale scale : {Scale{3, 1.5f}, Scale{8, .9f}, Scale{18, .35f}}) {
    const std::vector<Vec3> blurred = Blurred(head, positions, scale.radius);
    for (size_t i = 0; i < positions.size(); ++i) {
      const float depth = Dot(blurred[i] - positions[i], normals[i]);
      head.vertices[i].light *= std::exp(-scale.strength * std::clamp(depth, -0.08f, 1.2f));
    }
  }
}

}  // namespace

Mesh BuildHead(const Anatomy& anatomy) {
  const RowPlan plan = PlanRows(anatomy);
  Mesh head;
  head.part = Part::kHead;
  head.columns = kColumns;
  head.rows = static_cast<int>(plan.rows.size());
  head.vertices.reserve(plan.rows.size() * kColumns);
  for (int r = 0; r < head.rows; ++r) {
    for (int c = 0; c < kColumns; ++c) {
      const float t = 2.f * static_cast<float>(c) / (kColumns - 1) - 1;
      head.vertices.push_back(HeadVertex(anatomy, plan.rows[r], ColumnAngle(t)));
      head.vertices.back().lower_jaw = r <= plan.mouth;
    }
  }
  AppendGrid(head, 0, head.rows, kColumns);
  MarkTriangles(anatomy, head);
  DarkenCavities(head);
  return head;
}

}  // namespace reelswap
