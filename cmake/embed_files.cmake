# Run with -P: writes OUTPUT, a C file that holds FILES as bytes under SYMBOL.
set(arrays "")
set(table "")
set(index 0)
foreach(file ${FILES})
  get_filename_component(name ${file} NAME_WE)
  file(READ ${file} hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR length "${digits} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char file_${index}[] = {${bytes}0};\n")
  string(APPEND table "    {\"${name}\", (const char *)file_${index}, ${length}},\n")
  math(EXPR index "${index} + 1")
endforeach()
string(CONCAT text
  "#include \"base/embedded.h\"\n${arrays}"
  "extern const struct mp_embedded ${SYMBOL}[];\n"
  "const struct mp_embedded ${SYMBOL}[] = {\n${table}    {0, 0, 0},\n};\n")
file(WRITE ${OUTPUT} "${text}")
