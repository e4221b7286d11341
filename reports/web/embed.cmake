# Makes a C++ file of the page's parts. cmake -DOUT=… -DWEB=… -DSCRIPTS=a.js,b.js -P embed.cmake
# The scripts become one, in the order given; its SHA-256 goes into the page's security policy.
string(REPLACE "," ";" scripts "${SCRIPTS}")
set(script "\"use strict\";\n")
foreach(name IN LISTS scripts)
  file(READ "${WEB}/${name}" part)
  string(APPEND script "${part}")
endforeach()
if(script MATCHES "</script|<!--|\r")
  message(FATAL_ERROR "the page's script must not hold </script, <!-- or carriage returns")
endif()
string(SHA256 hash "${script}")
file(READ "${WEB}/page.html" page)
file(READ "${WEB}/page.css" style)
file(WRITE "${OUT}" "// Generated from reports/web/.
#include \"reports/page.h\"
namespace assay {
std::string_view page_template() { return R\"assay(${page})assay\"; }
std::string_view page_style() { return R\"assay(${style})assay\"; }
std::string_view page_script() { return R\"assay(${script})assay\"; }
std::string_view page_script_sha256() { return \"${hash}\"; }
}  // namespace assay
")
