# mp_embed_sql(room dir symbol): every .sql file of dir becomes an element of
#   const struct mp_embedded symbol[] = { {"name", text, length}, … , {NULL, NULL, 0} };
# in the room's library, sorted by name. The struct is declared in base/embedded.h.
function(mp_embed_sql room dir symbol)
  if(NOT TARGET mp_${room})
    return()
  endif()
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${dir}/*.sql)
  set(output ${CMAKE_BINARY_DIR}/embedded/${symbol}.c)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSYMBOL=${symbol} "-DFILES=${files}"
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    DEPENDS ${files} ${CMAKE_SOURCE_DIR}/cmake/embed_files.cmake
    VERBATIM)
  target_sources(mp_${room} PRIVATE ${output})
endfunction()
