# Makes a C++ file of the built pages. cmake -DOUT=… -DWEB=… -DPAGES=report,plain -P embed.cmake
string(REPLACE "," ";" pages "${PAGES}")
set(code "// Generated from reports/web/built/.\n#include \"reports/page.h\"\nnamespace assay {\n")
foreach(page IN LISTS pages)
  file(READ "${WEB}/built/${page}.html" text)
  string(APPEND code "std::string_view ${page}_template() { return R\"assay(${text})assay\"; }\n")
endforeach()
file(WRITE "${OUT}" "${code}}  // namespace assay\n")
