# nlohmann-json, of which headers are all: the Debian package nlohmann-json3-dev (or any other copy
# that the compiler finds), else one pinned by its hash, from the package index that pip knows or
# from where it is published. It stays out of our public headers and of what is installed.
find_path(EARLY_EXIT_JSON_DIR nlohmann/json.hpp DOC "The folder that holds nlohmann/json.hpp")
set(json_copy ${CMAKE_CURRENT_BINARY_DIR}/_json)

function(early_exit_json_from_pip)
  find_package(Python3 QUIET COMPONENTS Interpreter)
  if(NOT Python3_FOUND)
    return()
  endif()
  file(WRITE ${json_copy}/requirements.txt "nlohmann-json==3.12.0 "
    "--hash=sha256:5f6132720fb25d0d70bf0742f8397b49a540dcc193e7312a914f6aa49f054810\n")
  execute_process(
    COMMAND ${Python3_EXECUTABLE} -m pip download -qq --disable-pip-version-check --no-deps
      --only-binary :all: --require-hashes --dest ${json_copy} -r ${json_copy}/requirements.txt
    RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  file(GLOB wheel ${json_copy}/*.whl)
  if(NOT failed AND wheel)
    file(ARCHIVE_EXTRACT INPUT ${wheel} DESTINATION ${json_copy})
  endif()
endfunction()

function(early_exit_json_from_its_authors)
  file(DOWNLOAD https://github.com/nlohmann/json/releases/download/v3.11.3/json.tar.xz
    ${json_copy}/json.tar.xz TIMEOUT 120 STATUS status)
  list(GET status 0 failed)
  if(failed)
    return()
  endif()
  file(SHA256 ${json_copy}/json.tar.xz hash)
  if(NOT hash STREQUAL "d6c65aca6b1ed68e7a182f4757257b107ae403032760ed6ef121c9d55e81757d")
    message(FATAL_ERROR "json.tar.xz must have the pinned SHA-256, but has ${hash} instead.")
  endif()
  file(ARCHIVE_EXTRACT INPUT ${json_copy}/json.tar.xz DESTINATION ${json_copy})
endfunction()

foreach(source pip its_authors)
  if(NOT EARLY_EXIT_JSON_DIR)
    message(STATUS "nlohmann-json is not installed: fetching a copy (${source})")
    cmake_language(CALL early_exit_json_from_${source})
    find_path(EARLY_EXIT_JSON_DIR nlohmann/json.hpp
      PATHS ${json_copy}/nlohmann_json/include ${json_copy}/json/include)
  endif()
endforeach()
if(NOT EARLY_EXIT_JSON_DIR)
  message(FATAL_ERROR "nlohmann-json is missing and cannot be fetched: install the Debian package "
    "nlohmann-json3-dev, or set EARLY_EXIT_JSON_DIR to the folder that holds nlohmann/json.hpp.")
endif()

# Gives json.hpp to source files. The compiler's own folder is not named again: before its others it
# would hide the C++ library's headers.
function(early_exit_use_json)
  if(NOT EARLY_EXIT_JSON_DIR IN_LIST CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES)
    set_source_files_properties(${ARGN} PROPERTIES INCLUDE_DIRECTORIES ${EARLY_EXIT_JSON_DIR})
  endif()
endfunction()
