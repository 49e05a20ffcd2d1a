#pragma once

#include <bvae/io/atomic_file.hpp>

#include "run_record.hpp"

namespace report {

/// Writes report.html: one file that needs no network, with `summary_text` (see text_of) in it byte for byte, from
/// which its script draws all figures and tables, and the pictures of the runs. \throws bvae::FileError if a picture
/// cannot be read or the page not be written
void write_page(bvae::AtomicFile& file, const Json& summary, const std::string& summary_text,
                const std::vector<RunRecord>& runs);

}  // namespace report
