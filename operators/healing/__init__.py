"""What mends what health and quality see."""
