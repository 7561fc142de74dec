# Compiles the consumer against the public headers and the shared library alone, and runs it.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT RESULT_VARIABLE status)
  if(status)
    message(FATAL_ERROR "failed: ${ARGN}")
  endif()
endfunction()

# Of our own names, public ones alone: what is in the headers.
execute_process(COMMAND ${NM} -D -C --defined-only ${LIBRARY}
  OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
string(REGEX MATCHALL "[^\n]+" lines "${symbols}")
list(LENGTH lines n_symbols)
set(public "Archive|Classifier|ClassifierOptions|Engine|EngineError|Metadata|TextEncoder|Tokenizer")
string(APPEND public "|TorchScriptEngine|DefaultSpecialPieces|DisableProfilingExecutor|GetThreads")
string(APPEND public "|IsTokenizerKind|LoadEngine|MakeTokenizer|ParseMetadata|SetThreads|Version")
foreach(line ${lines})
  if(NOT line MATCHES "early_exit::(${public})([^A-Za-z0-9_]|$)" AND NOT SANITIZE)
    message(FATAL_ERROR "the shared library shows what is not public: ${line}")
  endif()
endforeach()
if(status OR n_symbols LESS 20)
  message(FATAL_ERROR "the shared library shows ${n_symbols} symbols: too few")
endif()

set(flags -std=c++17 -Wall -Wextra -Werror -I ${INCLUDE_DIR})
if(SANITIZE)
  list(JOIN SANITIZE "," sanitizers)
  list(APPEND flags -fsanitize=${sanitizers})
endif()
run(${COMPILER} ${flags} ${SOURCE} ${LINK_NAME} -Wl,--allow-shlib-undefined
  -o ${WORK_DIR}/consumer)
cmake_path(SET torch_lib NORMALIZE "${TORCH_DIR}/../../../lib")
cmake_path(GET LIBRARY PARENT_PATH library_dir)
run(${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${library_dir}:${torch_lib}
  ${WORK_DIR}/consumer ${ARCHIVE})
