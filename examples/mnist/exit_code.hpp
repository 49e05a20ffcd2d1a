#pragma once

/// What the program returns; a signal that ended training gives 128 + its number (130 and 143).
enum ExitCode : int {
  kDone = 0,
  kUnexpected = 1,  ///< an error that the program does not know
  kUsage = 2,       ///< wrong flags, or a folder for the results that cannot be made
  kFiles = 3,       ///< data that are missing or damaged, results that cannot be written
  kDiverged = 4,    ///< training left the finite numbers
};
