"""The words of Copyhound as data, its rules, its errors, its ports. Pure."""
