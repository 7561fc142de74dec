# ALBERT's tokenizer needs a library that not every machine has: EARLY_EXIT_SENTENCEPIECE says
# whether early_exit is built with it, or with one sentence in its place.
set(EARLY_EXIT_SENTENCEPIECE OFF CACHE STRING
    "Build ALBERT's tokenizer on the library sentencepiece: ON, OFF, or AUTO (if it is found)")
set_property(CACHE EARLY_EXIT_SENTENCEPIECE PROPERTY STRINGS AUTO ON OFF)

list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
if(EARLY_EXIT_SENTENCEPIECE STREQUAL "AUTO")
  find_package(SentencePiece QUIET)
elseif(EARLY_EXIT_SENTENCEPIECE)
  find_package(SentencePiece REQUIRED)
endif()
if(EARLY_EXIT_SENTENCEPIECE AND SentencePiece_FOUND)
  set(EARLY_EXIT_HAS_SENTENCEPIECE TRUE)
else()
  set(EARLY_EXIT_HAS_SENTENCEPIECE FALSE)
endif()

# Adds the tokenizer, or what stands in for it, to a target.
function(early_exit_add_sentence_piece target)
  if(EARLY_EXIT_HAS_SENTENCEPIECE)
    target_sources(${target} PRIVATE src/sentence_piece.cc)
    target_link_libraries(${target} PRIVATE SentencePiece::SentencePiece)
  else()
    target_sources(${target} PRIVATE src/sentence_piece_absent.cc)
  endif()
endfunction()
