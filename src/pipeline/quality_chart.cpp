#include "pipeline/quality_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "pipeline/quality_sheet.h"
#include "pipeline/report_text.h"

namespace reelswap {
namespace {

const cv::Scalar kPaper(252, 252, 252), kInk(60, 60, 60), kGridLine(228, 228, 228), kPale(150, 150, 150);
constexpr int kWidth = 1100, kTop = 44, kPanelHeight = 150, kGap = 40, kLeft = 64, kRight = 20, kBottom = 40;  // px
constexpr double kScale = 0.42;
constexpr double kTint = 0.25;

void Text(cv::Mat& picture, const std::string& text, cv::Point at, const cv::Scalar& color = kInk,
          double scale = kScale) {
  cv::putText(picture, text, at, cv::FONT_HERSHEY_SIMPLEX, scale, color, 1, cv::LINE_AA);
}

int WidthOf(const std::string& text) {
  int baseline = 0;
  return cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, kScale, 1, &baseline).width;
}

/// One line that fits, ASCII.
std::string Fitted(const std::string& text, double scale, int width) {
  const auto lines = WrapText(text, scale, width, 1);
  return lines.empty() ? "" : lines[0];
}

/// 1, 2 or 5 times a power of ten, so that about `steps` of them fill `range`.
double RoundStep(double range, int steps) {
  const double raw = std::max(range / steps, 1e-9);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double m : {1.0, 2.0, 5.0}) {
    if (raw <= m * power) return m * power;
  }
  return 10 * power;
}

/// As clocks count.
double RoundTimeStep(double seconds, int steps) {
  const double raw = seconds / steps;
  for (const double step : {0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0}) {
    if (raw <= step) return step;
  }
  return std::ceil(raw / 3600) * 3600;
}

struct Axes {
  cv::Rect area;
  double seconds = 1, low = 0, high = 1;
  int X(double at) const { return area.x + cvRound(std::clamp(at / seconds, 0.0, 1.0) * area.width); }
  int Y(double value) const {
    return area.y + cvRound((1 - std::clamp((value - low) / (high - low), 0.0, 1.0)) * area.height);
  }
};

Axes AxesFor(const QualityPanel& panel, const cv::Rect& area, double seconds) {
  Axes axes{area, seconds, panel.low, panel.high};
  if (axes.high > axes.low) return axes;
  axes.high = axes.low;
  for (const QualityCurve& curve : panel.curves) {
    for (const TimeSeries::Step& step : curve.values->steps()) {
      if (step.count > 0) axes.high = std::max({axes.high, step.worst, step.mean()});
    }
  }
  axes.high = axes.high > axes.low ? axes.low + 1.08 * (axes.high - axes.low) : axes.low + 1;
  return axes;
}

void DrawGrid(cv::Mat& chart, const Axes& axes) {
  const double time_step = RoundTimeStep(axes.seconds, 10);
  for (int i = 0; i * time_step <= axes.seconds * 1.0001; ++i) {
    const int x = axes.X(i * time_step);
    cv::line(chart, {x, axes.area.y}, {x, axes.area.br().y}, kGridLine, 1);
  }
  const double step = RoundStep(axes.high - axes.low, 4);
  for (double v = std::ceil(axes.low / step) * step; v <= axes.high * 1.0001; v += step) {
    const int y = axes.Y(v);
    cv::line(chart, {axes.area.x, y}, {axes.area.br().x, y}, kGridLine, 1);
    const std::string number = fmt::format("{:.4g}", std::abs(v) < step / 2 ? 0 : v);
    Text(chart, number, {axes.area.x - WidthOf(number) - 6, y + 4});
  }
}

void DrawTimes(cv::Mat& chart, const Axes& axes) {
  const double step = RoundTimeStep(axes.seconds, 10);
  for (int i = 0; i * step <= axes.seconds * 1.0001; ++i) {
    const double at = i * step;
    const std::string time = step < 1 ? fmt::format("{:.1f} s", at) : FormatClock(at);
    Text(chart, time, {axes.X(at) - WidthOf(time) / 2, axes.area.br().y + 18});
  }
}

void DrawTint(cv::Mat& chart, const Axes& axes, const QualityCurve& curve) {
  const double step = curve.values->step_seconds();
  const auto& steps = curve.values->steps();
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].count == 0) continue;
    const auto at = static_cast<double>(i);
    const int left = axes.X(at * step), right = std::max(left + 1, axes.X((at + 1) * step));
    const int a = axes.Y(steps[i].mean()), b = axes.Y(steps[i].worst);
    const cv::Rect bar = cv::Rect(cv::Point(left, std::min(a, b)), cv::Point(right, std::max(a, b) + 1)) & axes.area;
    if (bar.empty()) continue;
    cv::Mat under = chart(bar);
    cv::addWeighted(under, 1 - kTint, cv::Mat(under.size(), under.type(), curve.color), kTint, 0, under);
  }
}

/// Steps without a value part the line; a lone one is a dot.
void DrawLine(cv::Mat& chart, const Axes& axes, const QualityCurve& curve) {
  const double step = curve.values->step_seconds();
  const auto& steps = curve.values->steps();
  // Measured only now and then (identity), values are linked all the same.
  const double longest_gap = std::max(axes.seconds / 100, 3 * step);
  double last_at = -1e9;
  cv::Point last;
  for (size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].count == 0) continue;
    const double at = (static_cast<double>(i) + 0.5) * step;
    const cv::Point point(axes.X(at), axes.Y(steps[i].mean()));
    if (at - last_at <= longest_gap) {
      cv::line(chart, last, point, curve.color, 1, cv::LINE_AA);
    } else {
      cv::circle(chart, point, 1, curve.color, -1, cv::LINE_AA);
    }
    last = point;
    last_at = at;
  }
}

/// In the line above the panel, from the right.
void DrawLegend(cv::Mat& chart, const Axes& axes, const QualityPanel& panel) {
  int x = axes.area.br().x;
  const int y = axes.area.y - 8;
  for (auto curve = panel.curves.rbegin(); curve != panel.curves.rend(); ++curve) {
    const std::string name = Fitted(curve->name, kScale, 260);
    x -= WidthOf(name);
    Text(chart, name, {x, y});
    x -= 30;
    cv::line(chart, {x, y - 4}, {x + 22, y - 4}, curve->color, 2, cv::LINE_AA);
    x -= 18;
  }
}

void DrawPanel(cv::Mat& chart, const QualityPanel& panel, const Axes& axes) {
  Text(chart, Fitted(panel.title, kScale, 460), {axes.area.x, axes.area.y - 8});
  const bool measured = std::any_of(panel.curves.begin(), panel.curves.end(),
                                    [](const QualityCurve& curve) { return !curve.values->empty(); });
  if (measured) {
    DrawGrid(chart, axes);
    for (const QualityCurve& curve : panel.curves) {
      if (curve.shade_to_worst) DrawTint(chart, axes, curve);
    }
    for (const QualityCurve& curve : panel.curves) DrawLine(chart, axes, curve);
    DrawLegend(chart, axes, panel);
  } else {
    Text(chart, "not measured", {axes.area.x + axes.area.width / 2 - 40, axes.area.y + axes.area.height / 2}, kPale);
  }
  cv::rectangle(chart, axes.area, kInk, 1);
}

}  // namespace

void TimeSeries::Put(Step& step, double sum, double worst, int64_t count) const {
  if (count == 0) return;
  if (step.count == 0) {
    step.worst = worst;
  } else {
    step.worst = worst_is_low_ ? std::min(step.worst, worst) : std::max(step.worst, worst);
  }
  step.sum += sum;
  step.count += count;
}

void TimeSeries::Halve() {
  std::vector<Step> halved(kSteps);
  for (size_t i = 0; i < kSteps; ++i) Put(halved[i / 2], steps_[i].sum, steps_[i].worst, steps_[i].count);
  steps_ = std::move(halved);
  step_seconds_ *= 2;
}

void TimeSeries::Add(double seconds, double value) {
  constexpr double kLongest = 1e8;  // seconds, three years: a time beyond it is damage
  if (!std::isfinite(value) || !(seconds < kLongest)) return;
  seconds = std::max(seconds, 0.0);
  while (seconds >= step_seconds_ * kSteps) Halve();
  Put(steps_[static_cast<size_t>(seconds / step_seconds_)], value, value, 1);
}

bool TimeSeries::empty() const {
  return std::all_of(steps_.begin(), steps_.end(), [](const Step& step) { return step.count == 0; });
}

cv::Mat DrawQualityChart(const std::string& title, double seconds, const std::vector<QualityPanel>& panels) {
  const int count = static_cast<int>(panels.size());
  cv::Mat chart(kTop + count * (kPanelHeight + kGap) + kBottom, kWidth, CV_8UC3, kPaper);
  if (!(seconds > 0)) seconds = 1;
  Text(chart, Fitted(title, 0.5, kWidth - kLeft - kRight), {kLeft, 24}, kInk, 0.5);
  for (int i = 0; i < count; ++i) {
    const cv::Rect area(kLeft, kTop + i * (kPanelHeight + kGap) + 24, kWidth - kLeft - kRight, kPanelHeight);
    const Axes axes = AxesFor(panels[static_cast<size_t>(i)], area, seconds);
    DrawPanel(chart, panels[static_cast<size_t>(i)], axes);
    if (i + 1 == count) {
      DrawTimes(chart, axes);
      Text(chart, "time", {area.br().x - 30, area.br().y + 36});
    }
  }
  return chart;
}

}  // namespace reelswap
