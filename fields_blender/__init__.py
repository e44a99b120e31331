"""From video to facial animation, without Blender: strip -> Clip -> faces -> regressor -> Track -> Curves.

Never imports bpy or torch. cv2 and onnxruntime are imported inside the functions that need them.
"""
