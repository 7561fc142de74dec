#pragma once

#include <optional>
#include <string>
#include <vector>

#include "early_exit/classifier.h"

namespace early_exit::testing {

// What Python said about the sentences under one threshold; none: the archive's default.
struct ExpectedRun {
  std::optional<double> threshold;
  std::vector<Prediction> predictions;
};

// The part of expected.json (tests/make_test_archives.py) about one archive.
struct Expected {
  std::string path;  // of the archive
  std::vector<Sentence> sentences;
  std::vector<TokenIds> inputs;
  std::vector<ExpectedRun> runs;
};

// The archives in expected.json.
constexpr const char* kArchives[] = {"single", "pair", "bert_pair", "mpnet_pair", "sentencepiece"};

// Path of a file beside expected.json.
std::string ArchivePath(const std::string& name);

// Reads what Python said about one of the archives.
Expected ReadExpected(const std::string& name);

std::string ReadFile(const std::string& path);

// Fails the test if predictions differ: labels and exits at all, numbers by more than 1e-5, which
// is a float's rounding under another batch's order of summation.
void ExpectSamePredictions(const std::vector<Prediction>& actual,
                           const std::vector<Prediction>& expected);

}  // namespace early_exit::testing
