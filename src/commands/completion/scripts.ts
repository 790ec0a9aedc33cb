/**
 * What each shell loads. All of them ask `outreach __complete SHELL -- WORDS…`, the last word being the one under the
 * cursor, and get a candidate a line with its meaning after a tab; `:file` and `:dir` mean that the shell knows better.
 * Candidates are read line by line and never evaluated: `compgen -W` would run what stands in a campaign's name.
 */
export const SCRIPTS = {
  bash: `# bash completion of outreach; works with bash 3.2 and later
_outreach() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" line value
  COMPREPLY=()
  [ "$cur" = "=" ] && cur=""
  while IFS= read -r line; do
    value="\${line%%$'\\t'*}"
    case "$value" in
      :file)
        compopt -o filenames 2>/dev/null
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -f -- "$cur")
        ;;
      :dir)
        compopt -o filenames 2>/dev/null
        while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen -d -- "$cur")
        ;;
      *)
        case "$cur" in
          [\\"\\']*) ;;
          *) printf -v value '%q' "$value" ;;
        esac
        COMPREPLY+=("$value")
        ;;
    esac
  done < <(outreach __complete bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
}
complete -F _outreach outreach
`,
  zsh: `#compdef outreach
compdef _outreach outreach

_outreach() {
  local line
  local -a lines found
  lines=("\${(@f)$(outreach __complete zsh -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null </dev/null)}")
  for line in "\${lines[@]}"; do
    case "$line" in
      :file) _files; return ;;
      :dir) _files -/; return ;;
      '') ;;
      *$'\\t'*) found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
      *) found+=("\${line//:/\\\\:}") ;;
    esac
  done
  (( \${#found} )) && _describe -V outreach found
}

# Loaded by itself the first time (fpath) it completes at once; sourced it only tells where it is.
if [ "\${funcstack[1]}" = "_outreach" ]; then
  _outreach "$@"
fi
`,
  fish: `# fish completion of outreach
function __outreach_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines (outreach __complete fish -- $words "$current" 2>/dev/null </dev/null)
    test (count $lines) -gt 0; or return
    switch $lines[1]
        case ':file'
            __fish_complete_path "$current"
        case ':dir'
            __fish_complete_directories "$current"
        case '*'
            printf '%s\\n' $lines
    end
end
complete -c outreach -e
complete -c outreach -f -k -a '(__outreach_complete)'
`,
} as const;
