import ControllerApp
import Glibc

exit(await ControllerMain.run(arguments: Array(CommandLine.arguments.dropFirst())))
