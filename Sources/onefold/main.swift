print("onefold")
