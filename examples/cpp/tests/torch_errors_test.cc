#include "torch_errors.h"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <string>

namespace early_exit {
namespace {

TEST(ExplainTorchError, FindsTheLineThatNamesTheCause) {
  const auto explain = [](const std::string& text) {
    return ExplainTorchError(std::runtime_error(text));
  };
  EXPECT_EQ(explain("plain\nhint"), "plain");
  EXPECT_EQ(explain("The following operation failed\n  at x\nRuntimeError: the cause\n"),
            "the cause");
  EXPECT_EQ(explain("a trace\nbuiltins.ValueError: sentence 0 is empty\n"), "sentence 0 is empty");
  EXPECT_EQ(explain("a trace\nRuntimeError: \n"), "a trace");
  EXPECT_EQ(explain("\n \n  second\n"), "second");
  EXPECT_EQ(explain(""), "torch gave no reason.");
  EXPECT_EQ(explain("\n"), "torch gave no reason.");
  EXPECT_EQ(explain("odd \xff"), "odd \ufffd");
  EXPECT_LT(explain(std::string(1 << 20, 'x')).size(), 1100u);
}

TEST(KindOfTorchError, KnowsTheNamesOfALackOfMemory) {
  const auto kind = [](const std::string& text) {
    return KindOfTorchError(std::runtime_error(text));
  };
  for (const char* text :
       {"CUDA out of memory. Tried to allocate 2.00 GiB", "CUDA error: CUBLAS_STATUS_ALLOC_FAILED",
        "RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory: you tried",
        "DefaultCPUAllocator: not enough memory", "std::bad_alloc",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"}) {
    EXPECT_EQ(kind(text), ErrorKind::kOutOfMemory) << text;
  }
  EXPECT_EQ(KindOfTorchError(std::bad_alloc()), ErrorKind::kOutOfMemory);
  EXPECT_EQ(kind("expected a float"), ErrorKind::kModel);
  EXPECT_EQ(kind(""), ErrorKind::kModel);
}

}  // namespace
}  // namespace early_exit
