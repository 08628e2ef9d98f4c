#include "actors/shade_frame.h"

#include <array>
#include <vector>

#include "actors/head_shader.h"
#include "actors/noise.h"
#include "actors/part_shader.h"

namespace reelswap {
namespace {

/// Linear 0 .. 1 in 4096 steps to sRGB 0 .. 255 (IEC 61966-2-1).
std::array<float, 4096> SrgbTable() {
  std::array<float, 4096> table;
  for (size_t i = 0; i < table.size(); ++i) {
    const float linear = static_cast<float>(i) / 4095.f;
    const float coded = linear <= .0031308f ? 12.92f * linear : 1.055f * std::pow(linear, 1 / 2.4f) - .055f;
    table[i] = 255 * coded;
  }
  return table;
}

/// The camera's response: soft shoulder over 0.7, sRGB coding, sensor noise.
class Sensor {
 public:
  explicit Sensor(const ActorScene& scene)
      : table_(SrgbTable()), noise_(scene.noise), seed_(Hash(scene.noise_seed * 2654435761u + 17)) {}

  cv::Vec3b Expose(Vec3 light, uint32_t pixel) const {
    return {Channel(light.z, pixel * 3), Channel(light.y, pixel * 3 + 1), Channel(light.x, pixel * 3 + 2)};
  }

 private:
  uint8_t Channel(float light, uint32_t place) const {
    if (light >= .7f) light = .7f + .3f * (1 - std::exp(-(light - .7f) / .3f));
    float value = table_[static_cast<size_t>(std::clamp(light, 0.f, 1.f) * 4095 + .5f)];
    if (noise_ > 0) {
      // The sum of three uniform numbers is close to a Gaussian.
      const uint32_t h = Hash(place ^ seed_);
      const auto sum = static_cast<float>((h & 255) + ((h >> 8) & 255) + ((h >> 16) & 255));
      value += (sum / 255.f - 1.5f) * 3.2f * noise_;
    }
    return static_cast<uint8_t>(std::clamp(value + .5f, 0.f, 255.f));
  }

  std::array<float, 4096> table_;
  float noise_;
  uint32_t seed_;
};

class FrameShader {
 public:
  explicit FrameShader(const FrameView& view)
      : view_(view),
        motion_(view.performance),
        world_lights_(LightingInWorld(view.scene)),
        head_lights_(LightingInHead(world_lights_, motion_)),
        shadows_(view.actor, world_lights_.key, motion_.translation()),
        head_(view.anatomy, view.performance, head_lights_),
        backdrop_(view.scene.painted_backdrop.empty()
                      ? PaintBackdrop(view.scene.backdrop, {view.scene.width, view.scene.height})
                      : view.scene.painted_backdrop) {}

  HeadShader::Shade Pixel(int x, int y) const {
    const int n = view_.scene.samples;
    if (SharesSurface(x, y)) return WholePixel(x, y);
    Vec3 sum;
    std::array<int, kSurfaceLabelCount> votes{};
    int winner = 0;
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < n; ++i) {
        const HeadShader::Shade sample = OneSample(x, y, view_.fragments.At(x * n + i, y * n + j));
        sum += sample.colour;
        const int label = static_cast<int>(sample.label);
        if (++votes[label] >= votes[winner]) winner = label;
      }
    }
    return {sum * (1.f / static_cast<float>(n * n)), static_cast<SurfaceLabel>(winner)};
  }

 private:
  /// Whether one shading stands for all samples of the pixel.
  bool SharesSurface(int x, int y) const {
    const int n = view_.scene.samples;
    const Fragment& first = view_.fragments.At(x * n, y * n);
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < n; ++i) {
        const Fragment& fragment = view_.fragments.At(x * n + i, y * n + j);
        if ((fragment.triangle < 0) != (first.triangle < 0) || fragment.part != first.part) {
          return false;
        }
        if (fragment.triangle >= 0 && fragment.part == Part::kHead &&
            !MeshOf(fragment).smooth[fragment.triangle]) {
          return false;
        }
      }
    }
    return first.part != Part::kGlasses;
  }

  const Mesh& MeshOf(const Fragment& fragment) const {
    return view_.actor.meshes[static_cast<size_t>(fragment.part)];
  }

  SurfacePoint PointAt(const Fragment& fragment) const {
    const Mesh& mesh = MeshOf(fragment);
    const PosedMesh& posed = view_.actor.posed[static_cast<size_t>(fragment.part)];
    const Triangle& t = mesh.triangles[fragment.triangle];
    const float u = fragment.u, v = fragment.v, w = 1 - u - v;
    const auto across = [&](const std::vector<Vec3>& values) {
      return values[t.a] * w + values[t.b] * u + values[t.c] * v;
    };
    const Vertex &a = mesh.vertices[t.a], &b = mesh.vertices[t.b], &c = mesh.vertices[t.c];
    SurfacePoint point;
    point.head = across(posed.head);
    point.world = across(posed.world);
    point.normal = Normalized(across(posed.normals));
    point.canonical = a.canonical * w + b.canonical * u + c.canonical * v;
    point.ambient = std::min(1.f, a.light * w + b.light * u + c.light * v);
    return point;
  }

  /// Glasses and the inside of the mouth take no shadow from the map.
  void CastShadow(SurfacePoint& point) const {
    point.shadow = shadows_.LightAt(point.world + point.normal * .15f);
  }

  HeadShader::Shade OneSample(int x, int y, const Fragment& fragment) const {
    if (fragment.triangle < 0) return BackdropAt(x, y);
    SurfacePoint point = PointAt(fragment);
    if (MeshOf(fragment).IsMouthInside(fragment.triangle)) {
      return {head_.MouthInside(point.head), SurfaceLabel::kMouthInside};
    }
    if (fragment.part != Part::kGlasses) CastShadow(point);
    return ShadePart(fragment.part, point, fragment.part == Part::kHair ? Strands(point.canonical) : 0);
  }

  /// Shades the mean of a pixel's samples.
  HeadShader::Shade WholePixel(int x, int y) const {
    const int n = view_.scene.samples;
    const Fragment& first = view_.fragments.At(x * n, y * n);
    if (first.triangle < 0) return BackdropAt(x, y);
    SurfacePoint mean;
    mean.ambient = 0;
    float strands = 0;
    const float weight = 1.f / static_cast<float>(n * n);
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < n; ++i) {
        const SurfacePoint point = PointAt(view_.fragments.At(x * n + i, y * n + j));
        mean.head += point.head * weight;
        mean.world += point.world * weight;
        mean.normal += point.normal * weight;
        mean.canonical = mean.canonical + point.canonical * weight;
        mean.ambient += point.ambient * weight;
        if (first.part == Part::kHair) strands += Strands(point.canonical) * weight;
      }
    }
    mean.normal = Normalized(mean.normal);
    CastShadow(mean);
    return ShadePart(first.part, mean, strands);
  }

  HeadShader::Shade BackdropAt(int x, int y) const {
    const cv::Vec3f colour = backdrop_.at<cv::Vec3f>(y, x);
    const float light = .5f + .5f * view_.scene.light;
    return {Vec3{colour[0], colour[1], colour[2]} * light, SurfaceLabel::kBackground};
  }

  float Strands(Vec2 canonical) const { return HairStrands(canonical, view_.anatomy.identity.seed); }

  HeadShader::Shade ShadePart(Part part, const SurfacePoint& point, float strands) const {
    const ActorIdentity& who = view_.anatomy.identity;
    switch (part) {
      case Part::kHead:
        return head_.Surface(point, motion_.DirectionToHead(point.normal));
      case Part::kHair:
        return {ShadeHair(point, strands, who, world_lights_), SurfaceLabel::kHair};
      case Part::kBody:
        return {ShadeBody(point, who, world_lights_), SurfaceLabel::kBody};
      case Part::kEars:
        return {ShadeEar(point, who, world_lights_), SurfaceLabel::kEar};
      case Part::kGlasses:
        break;
    }
    return {ShadeGlasses(point, world_lights_), SurfaceLabel::kGlasses};
  }

  const FrameView& view_;
  HeadMotion motion_;
  Lighting world_lights_, head_lights_;
  ShadowMap shadows_;
  HeadShader head_;
  cv::Mat backdrop_;
};

}  // namespace

RenderedFrame ShadeFrame(const FrameView& view) {
  const int width = view.scene.width, height = view.scene.height;
  const FrameShader shader(view);
  const Sensor sensor(view.scene);
  RenderedFrame frame;
  frame.image.create(height, width, CV_8UC3);
  frame.labels.create(height, width, CV_8UC1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const HeadShader::Shade pixel = shader.Pixel(x, y);
      frame.image.at<cv::Vec3b>(y, x) = sensor.Expose(pixel.colour, static_cast<uint32_t>(y * width + x));
      frame.labels.at<uint8_t>(y, x) = static_cast<uint8_t>(pixel.label);
    }
  }
  return frame;
}

}  // namespace reelswap
