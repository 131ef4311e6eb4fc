print("source-controller")
