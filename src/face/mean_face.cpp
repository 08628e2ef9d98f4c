#include "face/align.h"

namespace reelswap {

// Made from our own detector's landmarks, not taken from any table: every fifth frame of 15 clips of
// five people who face the camera (the CC BY 4.0 gesture collection of intel-iot-devkit/sample-videos),
// the largest face of each, |yaw| < 12 and |pitch| < 10 degrees: 101 faces. Generalised Procrustes:
// starting from the first face, all are fitted to the mean by SimilarityTransform over the 51 points, averaged, the
// average is averaged with its own mirror image and turned upright, thirty times over. Last, x is
// mapped to 0.01 .. 0.99, y by the same scale, and the middle of the y range to 0.464, so that a crop
// holds as much above the brows as the customary square does. A single face is 0.016 (root mean
// square) away from it.
const std::array<cv::Point2f, 51>& MeanFace() {
  static const std::array<cv::Point2f, 51> mean_face = {{
      // right brow
      {0.0100f, 0.1732f}, {0.0800f, 0.0928f}, {0.1873f, 0.0575f}, {0.3019f, 0.0630f},
      {0.4072f, 0.1006f},
      // left brow
      {0.5928f, 0.1006f}, {0.6981f, 0.0630f}, {0.8127f, 0.0575f}, {0.9200f, 0.0928f},
      {0.9900f, 0.1732f},
      // nose bridge
      {0.5000f, 0.2241f}, {0.5000f, 0.3158f}, {0.5000f, 0.4022f}, {0.5000f, 0.4939f},
      // nostrils
      {0.3812f, 0.6003f}, {0.4395f, 0.6143f}, {0.5000f, 0.6258f}, {0.5605f, 0.6143f},
      {0.6188f, 0.6003f},
      // right eye
      {0.1296f, 0.2768f}, {0.1955f, 0.2369f}, {0.2714f, 0.2357f}, {0.3419f, 0.2766f},
      {0.2706f, 0.2923f}, {0.1944f, 0.2942f},
      // left eye
      {0.6581f, 0.2766f}, {0.7286f, 0.2357f}, {0.8045f, 0.2369f}, {0.8704f, 0.2768f},
      {0.8056f, 0.2942f}, {0.7294f, 0.2923f},
      // outer lip
      {0.2868f, 0.8097f}, {0.3675f, 0.7492f}, {0.4428f, 0.7218f}, {0.5000f, 0.7334f},
      {0.5572f, 0.7218f}, {0.6325f, 0.7492f}, {0.7132f, 0.8097f}, {0.6349f, 0.8512f},
      {0.5600f, 0.8677f}, {0.5000f, 0.8705f}, {0.4400f, 0.8677f}, {0.3651f, 0.8512f},
      // inner lip
      {0.3223f, 0.8058f}, {0.4422f, 0.7782f}, {0.5000f, 0.7820f}, {0.5578f, 0.7782f},
      {0.6777f, 0.8058f}, {0.5578f, 0.7966f}, {0.5000f, 0.8025f}, {0.4422f, 0.7966f},
  }};
  return mean_face;
}

}  // namespace reelswap
