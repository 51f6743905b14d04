# Included by CMakeLists.txt: the programs that are built from sources with deliberate faults.
set(tool ${PROJECT_SOURCE_DIR}/tools/mutants.py)
set(entries ${CMAKE_CURRENT_SOURCE_DIR}/mutants.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${entries} ${tool})
execute_process(COMMAND ${Python3_EXECUTABLE} ${tool} files OUTPUT_VARIABLE files
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" files "${files}")
set(copies ${CMAKE_BINARY_DIR}/mutants)

# An entry that does not apply fails every build, and is named.
list(TRANSFORM files PREPEND ${PROJECT_SOURCE_DIR}/src/ OUTPUT_VARIABLE originals)
add_custom_command(OUTPUT ${copies}/applied
    COMMAND ${Python3_EXECUTABLE} ${tool} check
    COMMAND ${CMAKE_COMMAND} -E touch ${copies}/applied
    DEPENDS ${entries} ${tool} ${originals}
    COMMENT "Checking that each deliberate fault applies")
add_custom_target(mutants_apply ALL DEPENDS ${copies}/applied)

function(library_of folder variable)
  string(REGEX REPLACE "^connectors/" "connector_" library ${folder})
  string(REPLACE "/" "_" library "penstock_${library}")
  set(${variable} ${library} PARENT_SCOPE)
endfunction()

# The objects of the copies, one library a folder.
add_library(penstock_mutated OBJECT mutated.cpp)
target_link_libraries(penstock_mutated PRIVATE penstock_base)
set_target_properties(penstock_mutated PROPERTIES EXCLUDE_FROM_ALL ON)
set(folders "")
foreach(file ${files})
  get_filename_component(folder ${file} DIRECTORY)
  list(APPEND folders ${folder})
  add_custom_command(OUTPUT ${copies}/${file}
      COMMAND ${Python3_EXECUTABLE} ${tool} copy ${file} ${copies}/${file}
      DEPENDS ${entries} ${tool} ${PROJECT_SOURCE_DIR}/src/${file} VERBATIM)
  library_of(${folder} library)
  list(APPEND copies_of_${library} ${copies}/${file})
endforeach()
list(REMOVE_DUPLICATES folders)
foreach(folder ${folders})
  library_of(${folder} library)
  add_library(mutated_${library} OBJECT EXCLUDE_FROM_ALL ${copies_of_${library}})
  target_link_libraries(mutated_${library} PRIVATE ${library})
  penstock_precompiled(mutated_${library} penstock_base)
endforeach()

# penstock_mutants(NAME objects LIBRARIES lib... FOLDERS folder...): a program once more, with the
# mutated objects of these folders.
add_custom_target(mutants)
set(programs "")
function(penstock_mutants name objects)
  cmake_parse_arguments(arg "" "" "LIBRARIES;FOLDERS" ${ARGN})
  set(mutated "")
  foreach(folder ${arg_FOLDERS})
    if(NOT folder IN_LIST folders)
      message(FATAL_ERROR "mutants.txt has no entry for ${folder}, which ${name} names")
    endif()
    library_of(${folder} library)
    list(APPEND mutated $<TARGET_OBJECTS:mutated_${library}>)
  endforeach()
  add_executable(${name} EXCLUDE_FROM_ALL $<TARGET_OBJECTS:${objects}>
                 $<TARGET_OBJECTS:penstock_mutated> ${mutated})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES})
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX
                        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/mutants)
  add_dependencies(mutants ${name})
  string(JOIN " " line ${name} ${arg_FOLDERS})
  set(programs "${programs}${line}\n" PARENT_SCOPE)
endfunction()

penstock_mutants(penstock-sim-mutants penstock_simulator
    LIBRARIES penstock_sim_lib penstock_engine penstock_connector_files penstock_naming
    FOLDERS core engine naming lake connectors/files)
foreach(folder ${folders})
  library_of(${folder} library)
  set(with ${folder})
  if(folder STREQUAL "connectors/files")
    list(APPEND with lake naming)
  elseif(folder STREQUAL "lake")
    list(APPEND with naming)
  endif()
  penstock_mutants(${library}_mutants ${library}_test
      LIBRARIES ${library} penstock_sim_lib GTest::gtest_main FOLDERS ${with})
endforeach()
file(WRITE ${copies}/programs.txt "${programs}")
