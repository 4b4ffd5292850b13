# Writes files as C arrays:
#
#     cmake -DOUTPUT=assets.c -DHEADER=assets.h -DLIST=assets.txt
#           -P Embed.cmake
#
# A line of LIST is NAME=FILE|FILE...; files of one name follow each other.  A
# name without files is empty.
file(STRINGS ${LIST} lines)
file(WRITE ${OUTPUT}.new "#include \"${HEADER}\"\n")
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([a-z]+)=(.*)$" _ "${line}")
  set(name ${CMAKE_MATCH_1})
  string(REPLACE "|" ";" files "${CMAKE_MATCH_2}")
  set(bytes "")
  foreach(file IN LISTS files)
    file(READ ${file} hex HEX)
    if(file MATCHES "\\.(js|css)$")
      # indentation weighs more than anything else in a script
      string(REGEX REPLACE "0a(20)+" "0a" hex "${hex}")
    endif()
    string(APPEND bytes "${hex}")
  endforeach()
  string(LENGTH "${bytes}" size)
  math(EXPR size "${size} / 2")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(.....................................................................,)"
                       "\\1\n" bytes "${bytes}")
  file(APPEND ${OUTPUT}.new
    "static const unsigned char ${name}[] = {${bytes}0};\n"
    "const xhat_asset xhat_asset_${name} = {${name}, ${size}};\n")
endforeach()
file(RENAME ${OUTPUT}.new ${OUTPUT})
