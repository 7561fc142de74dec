#pragma once

#include <gtest/gtest.h>

#include <string>

// Runs `action`, which must throw an `Exception` whose message holds `fragment`.
template <typename Exception, typename Action>
void ExpectThrows(Action action, const std::string& fragment) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown; expected: " << fragment;
  } catch (const Exception& error) {
    EXPECT_NE(std::string(error.what()).find(fragment), std::string::npos) << error.what();
  }
}
