# Installs the library to a prefix of its own, then configures, builds and runs the consumer.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ECHO STDOUT RESULT_VARIABLE status)
  if(status)
    message(FATAL_ERROR "failed: ${ARGN}")
  endif()
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${WORK_DIR}/prefix --config ${BUILD_TYPE})
run(${CMAKE_COMMAND} -S ${SOURCE_DIR} -B ${WORK_DIR}/build -G ${GENERATOR}
  -D CMAKE_MAKE_PROGRAM=${MAKE_PROGRAM}
  -D CMAKE_CXX_COMPILER=${COMPILER}
  -D CMAKE_BUILD_TYPE=${BUILD_TYPE}
  -D CMAKE_PREFIX_PATH=${WORK_DIR}/prefix
  -D Torch_DIR=${TORCH_DIR})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build --config ${BUILD_TYPE})
run(${WORK_DIR}/build/consumer ${ARCHIVE})

# What is installed names no folder of the machine that built it, and runs once told of libtorch.
execute_process(COMMAND ${READELF} -d ${WORK_DIR}/prefix/bin/classify
  OUTPUT_VARIABLE dynamic RESULT_VARIABLE status)
if(status OR NOT dynamic MATCHES "RUNPATH[^\n]*\\[\\$ORIGIN/[^:\n]*\\]")
  message(FATAL_ERROR "the RUNPATH of the installed classify must be $ORIGIN/... alone:\n${dynamic}")
endif()
cmake_path(SET torch_lib NORMALIZE "${TORCH_DIR}/../../../lib")
run(${CMAKE_COMMAND} -E env LD_LIBRARY_PATH=${torch_lib} ${WORK_DIR}/prefix/bin/classify --help)
