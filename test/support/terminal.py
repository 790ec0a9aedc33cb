"""
Runs a command on a terminal of its own and writes what it drew to standard output.
terminal.py COLUMNS ENVIRONMENT-AS-JSON COMMAND...
"""
import fcntl, json, os, pty, struct, sys, termios

columns, environment, command = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    os.execvpe(command[0], command, environment)
while True:
    try:
        drawn = os.read(terminal, 65536)
    except OSError:
        break
    if not drawn:
        break
    os.write(1, drawn)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
