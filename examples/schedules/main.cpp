// Draws every schedule of the library as an SVG. docs/schedules.md shows them and quotes the parts.
//
//   schedules FOLDER           writes the plots
//   schedules --check FOLDER   fails if the plots there are others
#include <bvae/schedules/any_schedule.hpp>
#include <bvae/schedules/constant.hpp>
#include <bvae/schedules/cosine.hpp>
#include <bvae/schedules/cyclical.hpp>
#include <bvae/schedules/exponential.hpp>
#include <bvae/schedules/geco.hpp>
#include <bvae/schedules/linear.hpp>
#include <bvae/schedules/pid_controller.hpp>
#include <bvae/schedules/piecewise.hpp>
#include <bvae/schedules/sequence.hpp>
#include <bvae/schedules/sigmoid.hpp>
#include <bvae/schedules/warm_up.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr std::int64_t kStepsPerEpoch = 50;
constexpr std::int64_t kSteps = 20 * kStepsPerEpoch;

bvae::Progress at(std::int64_t step) { return bvae::Progress::at(step, kStepsPerEpoch, kSteps); }

struct Curve {
  std::string name;
  std::vector<double> values;  // of each step
  bool dashed = false;
};

Curve curve(std::string name, const bvae::AnySchedule& schedule) {
  Curve result{std::move(name), {}};
  for (std::int64_t step = 0; step <= kSteps; ++step) result.values.push_back(schedule(at(step)));
  return result;
}

Curve level(std::string name, double value) {
  return {std::move(name), std::vector<double>(static_cast<std::size_t>(kSteps + 1), value), true};
}

struct Panel {
  std::string quantity;
  double top;  // of the axis
  std::vector<Curve> curves;
  double bottom = 0;
};

/// Greys and colours of a middle brightness: they can be seen on white and on black.
class Picture {
 public:
  explicit Picture(const std::vector<Panel>& panels) {
    const double height = kPanel * static_cast<double>(panels.size()) + kBelow;
    add("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" viewBox=\"0 0 %g %g\" ", kWidth, height,
        kWidth, height);
    text_ += "font-family=\"sans-serif\" font-size=\"12\" fill=\"none\" stroke-width=\"1.8\">\n";
    for (std::size_t i = 0; i < panels.size(); ++i) draw(panels[i], kPanel * static_cast<double>(i));
    for (int epoch = 0; epoch <= 20; epoch += 5)
      write(x(static_cast<double>(epoch * kStepsPerEpoch)), height - 22, "middle", kGrey, std::to_string(epoch));
    write((kLeft + kWidth - kRight) / 2, height - 6, "middle", kGrey, "epoch");
    text_ += "</svg>\n";
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  static constexpr double kWidth = 560, kPanel = 150, kLeft = 46, kRight = 14, kAbove = 26, kBelow = 36;
  static constexpr const char* kGrey = "#808080";
  static constexpr const char* kColours[] = {"#2f81f7", "#db6d28", "#2da44e"};

  static double x(double step) { return kLeft + step * (kWidth - kLeft - kRight) / static_cast<double>(kSteps); }

  template <class... Numbers>
  void add(const char* format, Numbers... numbers) {
    char line[200];
    std::snprintf(line, sizeof line, format, numbers...);
    text_ += line;
  }
  void write(double at_x, double at_y, const char* anchor, const char* colour, const std::string& words) {
    add("<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\" fill=\"%s\">", at_x, at_y, anchor, colour);
    text_ += words + "</text>\n";
  }

  void draw(const Panel& panel, double above) {
    const double low = above + kPanel;
    const double high = above + kAbove;
    const auto y = [&](double value) {
      return low - (value - panel.bottom) * (low - high) / (panel.top - panel.bottom);
    };
    for (int i = 0; i <= 2; ++i) {
      const double value = panel.bottom + (panel.top - panel.bottom) * i / 2;
      add("<path d=\"M%.0f %.1fH%.0f\" stroke=\"%s\" stroke-width=\"0.5\"/>\n", kLeft, y(value), kWidth - kRight,
          kGrey);
      char number[32];
      std::snprintf(number, sizeof number, "%g", value);
      write(kLeft - 6, y(value) + 4, "end", kGrey, number);
    }
    write(kLeft, above + 14, "start", kGrey, panel.quantity);
    double legend = kLeft + 130;
    for (std::size_t i = 0; i < panel.curves.size(); ++i) {
      const Curve& curve = panel.curves[i];
      const char* const colour = curve.dashed ? kGrey : kColours[i % 3];
      write(legend, above + 14, "start", colour, curve.name);
      legend += 24 + 6.5 * static_cast<double>(curve.name.size());
      add("<path stroke=\"%s\"%s d=\"", colour, curve.dashed ? " stroke-dasharray=\"5 4\"" : "");
      // Points on a line between their neighbours are left out.
      std::size_t last = 0;
      for (std::size_t step = 0; step < curve.values.size(); ++step) {
        const auto value = [&](std::size_t s) { return curve.values[std::min(s, curve.values.size() - 1)]; };
        const bool is_end = step == 0 || step + 1 == curve.values.size();
        const double bend = is_end ? 1.0 : std::abs(value(step + 1) - 2 * value(step) + value(step - 1));
        if (!is_end && bend < 1e-9 * panel.top) continue;
        if (!is_end && bend < 0.01 * panel.top && step - last < 6) continue;
        add("%c%.1f %.1f", step == 0 ? 'M' : 'L', x(static_cast<double>(step)), y(std::min(value(step), panel.top)));
        last = step;
      }
      text_ += "\"/>\n";
    }
  }

  std::string text_;
};

/// Writes the plots, or compares them with those that are there.
class Plots {
 public:
  Plots(std::string folder, bool check) : folder_(std::move(folder)), check_(check) {}

  void add(const std::string& name, const std::vector<Panel>& panels) {
    const std::string file = folder_ + "/" + name + ".svg";
    const Picture picture(panels);
    if (check_) {
      std::ifstream in(file, std::ios::binary);
      if (std::string(std::istreambuf_iterator<char>(in), {}) == picture.text()) return;
      std::cerr << file << " is not what this program draws\n";
      good_ = false;
    } else {
      std::ofstream out(file, std::ios::binary);
      if (!(out << picture.text() << std::flush)) {
        std::cerr << file << " cannot be written\n";
        good_ = false;
      }
    }
  }
  void add(const std::string& name, double top, const std::vector<Curve>& curves) { add(name, {{"β", top, curves}}); }
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string folder_;
  bool check_;
  bool good_ = true;
};

/// Something that follows beta slowly, as a model does: more beta gives less KL and worse reconstructions.
class Toy {
 public:
  /// \param disturbance nats of KL more than beta can explain
  bvae::Observation step(double beta, double disturbance = 0) {
    kl_ += 0.05 * (45 / (1 + 2 * beta) + disturbance - kl_);
    return {.reconstruction = 80 + 60 / (1 + 0.1 * kl_), .kl = kl_};
  }

 private:
  double kl_ = 0;
};

/// A PI controller whose integral runs on while beta is at its limit: what PidController avoids.
struct WindingUp {
  double integral = 0;
  double operator()(const bvae::PidController& like, double kl) {
    integral -= like.ki * (like.kl - kl);
    return std::clamp(like.kp / (1 + std::exp(like.kl - kl)) + integral, like.beta_min, like.beta_max);
  }
};

void plain_schedules(Plots& plots) {
  // begin constant
  const bvae::Constant constant{4.0};
  // end constant
  plots.add("constant", 5, {curve("Constant", constant)});

  // begin linear
  const bvae::LinearSchedule linear{.from = 0.0, .to = 4.0, .over = bvae::Epochs{12.5}};
  // end linear
  bvae::LinearSchedule linear_epochs = linear;
  linear_epochs.per_epoch = true;
  plots.add("linear", 5, {curve("per step", linear), curve("per_epoch", linear_epochs)});

  // begin warm_up
  const bvae::WarmUp warm_up{.to = 4.0, .hold = bvae::Epochs{3}, .over = bvae::Epochs{8}};
  // end warm_up
  bvae::WarmUp warm_up_epochs = warm_up;
  warm_up_epochs.per_epoch = true;
  plots.add("warm-up", 5, {curve("per step", warm_up), curve("per_epoch", warm_up_epochs)});

  // begin cyclical
  const bvae::Cyclical cyclical{.to = 4.0, .cycles = 3, .ramp = 0.7};
  const bvae::Cyclical smooth{.to = 4.0, .cycles = 3, .ramp = 0.7, .shape = bvae::RampShape::kCosine};
  // end cyclical
  bvae::Cyclical steep = cyclical;
  steep.shape = bvae::RampShape::kSigmoid;
  plots.add("cyclical", 5, {curve("linear", cyclical), curve("cosine", smooth), curve("sigmoid", steep)});

  // begin cosine
  const bvae::Cosine cosine{.to = 4.0, .over = bvae::Epochs{15}};
  // end cosine
  plots.add("cosine", 5, {curve("Cosine", cosine)});

  // begin sigmoid
  const bvae::SigmoidSchedule sigmoid{.to = 4.0, .over = bvae::Epochs{15}};
  // end sigmoid
  plots.add("sigmoid", 5,
            {curve("steepness 12", sigmoid),
             curve("steepness 24", bvae::SigmoidSchedule{.to = 4.0, .over = bvae::Epochs{15}, .steepness = 24})});

  // begin exponential
  const bvae::Exponential exponential{.from = 0.01, .to = 4.0, .over = bvae::Epochs{15}};
  const bvae::Exponential falling{.from = 4.0, .to = 0.5, .over = bvae::Epochs{15}};
  // end exponential
  plots.add("exponential", 5, {curve("0.01 to 4", exponential), curve("4 to 0.5", falling)});

  // begin piecewise
  const bvae::Piecewise lines{
      .points = {{bvae::Epochs{2}, 0.5}, {bvae::Epochs{6}, 4.0}, {bvae::Epochs{14}, 1.0}, {bvae::Steps{900}, 2.0}}};
  const bvae::Piecewise stairs{.points = lines.points, .stairs = true};
  // end piecewise
  plots.add("piecewise", 5, {curve("lines", lines), curve("stairs", stairs)});

  // begin sequence
  const bvae::Sequence sequence = bvae::Sequence{}
                                      .then(bvae::Constant{0.1}, bvae::Epochs{3})
                                      .then(bvae::Cyclical{.from = 0.1, .to = 4.0, .cycles = 2}, bvae::Epochs{10})
                                      .finally(bvae::Cosine{.from = 4.0, .to = 1.0, .over = bvae::Epochs{5}});
  // end sequence
  plots.add("sequence", 5, {curve("Sequence", sequence)});

  // begin lambda
  const auto nvae = [](const bvae::Progress& now) {
    const double total = static_cast<double>(now.total_steps);
    return std::max(std::min((static_cast<double>(now.step) - 1e-4 * total) / (0.3 * total), 1.0), 1e-4);
  };
  // end lambda
  plots.add("lambda", 1.25, {curve("NVAE's warm-up", nvae)});
}

void feedback_schedules(Plots& plots) {
  // begin geco
  bvae::Geco geco{.reconstruction = 100.0, .decay = 0.9, .every = bvae::Steps{1}, .rate = 0.001};
  // end geco
  // begin pid
  bvae::PidController pid{.kl = 20.0, .kp = 0.01, .ki = 0.001, .beta_max = 2.0};
  // end pid
  Toy toy;
  Curve reconstruction{"reconstruction", {}};
  Curve beta{"Geco", {}};
  for (std::int64_t step = 0; step <= kSteps; ++step) {
    beta.values.push_back(geco(at(step)));
    const bvae::Observation seen = toy.step(beta.values.back());
    geco.observe(at(step), seen);
    reconstruction.values.push_back(seen.reconstruction);
  }
  plots.add("geco", {{"nats", 140, {reconstruction, level("target", geco.reconstruction)}, 80}, {"β", 2, {beta}}});

  // From epoch 5 to 7 there is more KL than the largest beta can take away.
  const auto disturbance = [](std::int64_t step) { return step >= 250 && step < 350 ? 60.0 : 0.0; };
  Toy good;
  Toy bad;
  WindingUp winding;
  Curve good_kl{"PidController", {}};
  Curve bad_kl{"without anti-windup", {}};
  Curve good_beta = good_kl;
  Curve bad_beta = bad_kl;
  double wound = 0;
  for (std::int64_t step = 0; step <= kSteps; ++step) {
    good_beta.values.push_back(pid(at(step)));
    const bvae::Observation seen = good.step(good_beta.values.back(), disturbance(step));
    pid.observe(at(step), seen);
    good_kl.values.push_back(seen.kl);
    bad_beta.values.push_back(wound);
    const bvae::Observation other = bad.step(wound, disturbance(step));
    wound = winding(pid, other.kl);
    bad_kl.values.push_back(other.kl);
  }
  plots.add("pid",
            {{"KL in nats", 80, {good_kl, bad_kl, level("set point", pid.kl)}}, {"β", 2.5, {good_beta, bad_beta}}});
}

}  // namespace

int main(int count, char** arguments) {
  const bool check = count == 3 && std::string(arguments[1]) == "--check";
  if (!check && count != 2) {
    std::cerr << "usage: schedules [--check] FOLDER\n";
    return 2;
  }
  Plots plots(arguments[count - 1], check);
  plain_schedules(plots);
  feedback_schedules(plots);
  return plots.good() ? 0 : 1;
}
