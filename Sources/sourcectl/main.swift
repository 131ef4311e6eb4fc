print("sourcectl")
