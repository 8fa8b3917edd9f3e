# bash completion for prov-backup-rsnapshot
# Generated from the commands of the program by `npm run docs`. A word that was typed is never evaluated.

_prov_backup_rsnapshot() {
  local current=${COMP_WORDS[COMP_CWORD]} previous='' path='' word
  local -i index
  COMPREPLY=()

  for ((index = 1; index < COMP_CWORD; index++)); do
    word=${COMP_WORDS[index]}
    case "$path $word" in
      ' run') path='run' ;;
      ' sandbox') path='sandbox' ;;
      ' check') path='check' ;;
      ' status') path='status' ;;
      ' tap') path='tap' ;;
      ' history') path='history' ;;
      ' pause') path='pause' ;;
      ' resume') path='resume' ;;
      ' reload') path='reload' ;;
      ' cancel') path='cancel' ;;
      ' settle') path='settle' ;;
      ' explain') path='explain' ;;
      ' verify') path='verify' ;;
      ' retry') path='retry' ;;
      ' ask') path='ask' ;;
      ' replay') path='replay' ;;
      ' ldif') path='ldif' ;;
      'ldif create') path='ldif create' ;;
      'ldif load') path='ldif load' ;;
      'ldif help') path='ldif help' ;;
      ' config') path='config' ;;
      'config import') path='config import' ;;
      'config help') path='config help' ;;
      ' help') path='help' ;;
    esac
  done

  # Readline splits words at "=": --config=FILE is --config, =, FILE.
  ((COMP_CWORD > 0)) && previous=${COMP_WORDS[COMP_CWORD - 1]}
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]] && ((COMP_CWORD > 1)); then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi

  # The values of options. Readline completes files and folders by itself.
  case "$path $previous" in
    'run -c' | 'run --config' | \
    'run --record' | \
    'check -c' | 'check --config' | \
    'status -c' | 'status --config' | \
    'tap -c' | 'tap --config' | \
    'history -c' | 'history --config' | \
    'pause -c' | 'pause --config' | \
    'resume -c' | 'resume --config' | \
    'reload -c' | 'reload --config' | \
    'cancel -c' | 'cancel --config' | \
    'settle -c' | 'settle --config' | \
    'explain -c' | 'explain --config' | \
    'verify -c' | 'verify --config' | \
    'retry -c' | 'retry --config' | \
    'ask -c' | 'ask --config' | \
    'ldif load -c' | 'ldif load --config' | \
    'ldif load --bind-password-file' | \
    'config import --global') compopt -o default; return ;;
    'sandbox --port' | \
    'status --operator' | \
    'status --interval' | \
    'tap --operator' | \
    'tap --uid' | \
    'tap --event' | \
    'tap --since' | \
    'tap --until' | \
    'history --since' | \
    'history --until' | \
    'pause --operator' | \
    'pause --reason' | \
    'resume --operator' | \
    'reload --operator' | \
    'cancel --operator' | \
    'settle --operator' | \
    'settle --code' | \
    'explain --operator' | \
    'retry --code' | \
    'ask --yes' | \
    'replay --uid' | \
    'ldif create --uid' | \
    'ldif create --reseller' | \
    'ldif create --customer' | \
    'ldif create --people' | \
    'ldif create --givenname' | \
    'ldif create --surname' | \
    'ldif create --base' | \
    'ldif create --quota' | \
    'ldif create --home' | \
    'ldif create --date-attribute' | \
    'ldif load --bind-dn' | \
    'config import --script') :; return ;;
    'ldif create --out' | \
    'config import --out') compopt -o dirnames; return ;;
  esac

  case "$path" in
    '')
      if [[ $current == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-V --version -h --help' -- "$current"); else mapfile -t COMPREPLY < <(compgen -W 'run sandbox check status tap history pause resume reload cancel settle explain verify retry ask replay ldif config help' -- "$current"); fi
      ;;
    'run')
      mapfile -t COMPREPLY < <(compgen -W '-c --config -d --debug --json -r --dry-run --record -h --help' -- "$current")
      ;;
    'sandbox')
      mapfile -t COMPREPLY < <(compgen -W '--once --port -h --help' -- "$current")
      ;;
    'check')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --unit --notify -h --help' -- "$current")
      ;;
    'status')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --operator --watch --interval --json --failed --wide --utc -h --help' -- "$current")
      ;;
    'tap')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --operator --uid --event --since --until --once --wide --utc --json -h --help' -- "$current")
      ;;
    'history')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --since --until --json --utc -h --help' -- "$current")
      ;;
    'pause')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --operator --json --reason -h --help' -- "$current")
      ;;
    'resume')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --operator --json -h --help' -- "$current")
      ;;
    'reload')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --operator --json -h --help' -- "$current")
      ;;
    'cancel')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --operator --json -h --help' -- "$current")
      ;;
    'settle')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --operator --json --code -h --help' -- "$current")
      ;;
    'explain')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --operator --utc -h --help' -- "$current")
      ;;
    'verify')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --json --quiet --utc -h --help' -- "$current")
      ;;
    'retry')
      mapfile -t COMPREPLY < <(compgen -W '-c --config --failed --preview --code -h --help' -- "$current")
      ;;
    'ask')
      if [[ $current == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-c --config --all --yes --preview -h --help' -- "$current"); else mapfile -t COMPREPLY < <(compgen -W 'add modify delete' -- "$current"); fi
      ;;
    'replay')
      if [[ $current == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '--uid --realtime --json -h --help' -- "$current"); else compopt -o default; fi
      ;;
    'ldif')
      if [[ $current == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help' -- "$current"); else mapfile -t COMPREPLY < <(compgen -W 'create load help' -- "$current"); fi
      ;;
    'ldif create')
      mapfile -t COMPREPLY < <(compgen -W '--uid --reseller --customer --people --givenname --surname --out --base --quota --home --date-attribute --force -h --help' -- "$current")
      ;;
    'ldif load')
      if [[ $current == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-c --config --continue --bind-dn --bind-password-file -h --help' -- "$current"); else compopt -o default; fi
      ;;
    'ldif help')
      if [[ $current == -* ]]; then :; else mapfile -t COMPREPLY < <(compgen -W 'create load' -- "$current"); fi
      ;;
    'config')
      if [[ $current == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '-h --help' -- "$current"); else mapfile -t COMPREPLY < <(compgen -W 'import help' -- "$current"); fi
      ;;
    'config import')
      if [[ $current == -* ]]; then mapfile -t COMPREPLY < <(compgen -W '--global --script --out -h --help' -- "$current"); else compopt -o default; fi
      ;;
    'config help')
      if [[ $current == -* ]]; then :; else mapfile -t COMPREPLY < <(compgen -W 'import' -- "$current"); fi
      ;;
    'help')
      if [[ $current == -* ]]; then :; else mapfile -t COMPREPLY < <(compgen -W 'run sandbox check status tap history pause resume reload cancel settle explain verify retry ask replay ldif config' -- "$current"); fi
      ;;
  esac
}

complete -F _prov_backup_rsnapshot prov-backup-rsnapshot
