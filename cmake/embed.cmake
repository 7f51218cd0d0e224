# mp_embed(room pattern symbol): every file that fits the pattern becomes an element of
#   const struct mp_embedded symbol[] = { {"name", text, length}, … , {NULL, NULL, 0} };
# in the room's library, sorted by name. The struct is declared in base/embedded.h.
function(mp_embed room pattern symbol)
  if(NOT TARGET mp_${room})
    return()
  endif()
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${pattern})
  set(output ${CMAKE_BINARY_DIR}/embedded/${symbol}.c)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSYMBOL=${symbol} "-DFILES=${files}"
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    VERBATIM)
  target_sources(mp_${room} PRIVATE ${output})
endfunction()

# mp_region_table(room): compiles ip2region's table into the room (see src/collect/region_table.c).
function(mp_region_table room)
  if(NOT TARGET mp_${room})
    return()
  endif()
  find_program(NODE_PROGRAM NAMES node nodejs REQUIRED)
  set(MP_NODE_MODULES ${CMAKE_SOURCE_DIR}/node_modules CACHE PATH "where npm ci has installed")
  set(data ${MP_NODE_MODULES}/ip2region/data)
  set(output ${CMAKE_BINARY_DIR}/embedded/region.bin)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${NODE_PROGRAM} ${CMAKE_SOURCE_DIR}/scripts/make-region-table.mjs ${data} ${output}
    DEPENDS ${data}/ip2region.db ${data}/ipv6wry.db
            ${CMAKE_SOURCE_DIR}/scripts/make-region-table.mjs
    VERBATIM)
  add_custom_target(region_table DEPENDS ${output})
  add_dependencies(mp_${room} region_table)
  set_source_files_properties(${CMAKE_SOURCE_DIR}/src/collect/region_table.c PROPERTIES
    COMPILE_DEFINITIONS "MP_REGION_TABLE=\"${output}\"" OBJECT_DEPENDS ${output})
endfunction()

# mp_dashboard(room): compiles the dashboard into the room, as scripts/build-web.sh has packed it.
function(mp_dashboard room)
  if(NOT TARGET mp_${room})
    return()
  endif()
  set(MP_WEB_DIR ${CMAKE_SOURCE_DIR}/build/web CACHE PATH "where scripts/build-web.sh has written")
  set_source_files_properties(${MP_WEB_DIR}/files.c PROPERTIES
    COMPILE_DEFINITIONS "MP_WEB_BYTES=\"${MP_WEB_DIR}/files.bin\""
    OBJECT_DEPENDS ${MP_WEB_DIR}/files.bin)
  target_sources(mp_${room} PRIVATE ${MP_WEB_DIR}/files.c)
endfunction()
