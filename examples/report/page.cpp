#include "page.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "page_parts.inc"

namespace report {

namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += i + k > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * k) & 63];
  }
  return text;
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string_view caption(std::string_view picture) {
  if (picture == "reconstructions.png") return "Reconstructions: test images above, what the model makes of them below";
  if (picture == "samples.png") return "Samples: decoded draws from the prior";
  if (picture == "traversal.png") return "Traversals: one latent a row, the most used above, from left to right";
  return "Manifold: the decoded plane of the two latents";
}

void write_pictures(bvae::AtomicFile& file, const Json& summary, const std::vector<RunRecord>& runs) {
  const bool open = runs.size() == 1;
  for (std::size_t g = 0; g < summary["groups"].size(); ++g) {
    const Json& group = summary["groups"][g];
    for (const Json& index : group["runs"]) {
      const RunRecord& run = runs[index.get<std::size_t>()];
      const std::string title = group["label"].get<std::string>() + ", seed " + std::to_string(run.seed);
      file.write("<details class=\"run\"" + std::string(open ? " open" : "") + "><summary>" + escaped(title) +
                 " <small>" + escaped(run.name) + "</small></summary>\n<div class=\"pictures\">\n");
      for (const std::string& picture : run.pictures) {
        const std::string text = escaped(caption(picture));
        file.write("<figure><img loading=\"lazy\" decoding=\"async\" alt=\"" + text + " (" + escaped(title) +
                   ")\" src=\"data:image/png;base64,");
        file.write(base64(read_picture(run.folder / picture)));
        file.write("\"><figcaption>" + text + "</figcaption></figure>\n");
      }
      file.write("</div></details>\n");
    }
  }
}

}  // namespace

void write_page(bvae::AtomicFile& file, const Json& summary, const std::string& summary_text,
                const std::vector<RunRecord>& runs) {
  // The template's marks, in its order; what lies between them is written as it is.
  constexpr std::array<std::string_view, 4> kMarks{"{{style}}", "{{pictures}}", "{{summary}}", "{{script}}"};
  std::string_view rest = kHtml;
  for (const std::string_view mark : kMarks) {
    const std::size_t at = rest.find(mark);
    file.write(rest.substr(0, at));
    rest.remove_prefix(at + mark.size());
    if (mark == "{{style}}") file.write(kStyle);
    if (mark == "{{pictures}}") write_pictures(file, summary, runs);
    if (mark == "{{summary}}") file.write(summary_text);
    if (mark == "{{script}}") file.write(kScript);
  }
  file.write(rest);
}

}  // namespace report
