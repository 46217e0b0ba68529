print("zeroth-bench")
