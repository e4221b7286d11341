# Run by `cmake --install`: the command's link, and what the program prints about itself.
file(MAKE_DIRECTORY ${prefix}/bin ${prefix}/share/man/man1
  ${prefix}/share/bash-completion/completions ${prefix}/share/zsh/site-functions
  ${prefix}/share/fish/vendor_completions.d)
file(RELATIVE_PATH target ${prefix}/bin ${programs}/assay)
file(CREATE_LINK ${target} ${prefix}/bin/assay SYMBOLIC)

function(print_to file)
  execute_process(COMMAND ${programs}/assay ${ARGN} OUTPUT_FILE ${prefix}/share/${file}
    COMMAND_ERROR_IS_FATAL ANY)
endfunction()
print_to(man/man1/assay.1 man)
print_to(bash-completion/completions/assay completion bash)
print_to(zsh/site-functions/_assay completion zsh)
print_to(fish/vendor_completions.d/assay.fish completion fish)
